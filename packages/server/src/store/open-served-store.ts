// Opens a store for serving, which a store in the middle of a migration is not fit for.

import type { Config } from "../config/config.ts";
import { UsageError } from "../config/usage-error.ts";
import { objectionTo } from "./marker.ts";
import { type OpenedStore, openStore } from "./open-store.ts";

/**
 * Throws `UsageError` when the store cannot be opened, or when serving it could bring back sessions that have ended.
 */
export async function openServedStore(config: Config): Promise<OpenedStore> {
  const opened = await openStore(config);
  const objection = await objectionTo(opened.store, opened.name).catch((error: Error) => error.message);
  if (objection === null) return opened;
  await opened.store.close();
  await opened.close();
  throw new UsageError(objection);
}

import { join } from "node:path";
import { sqliteStore } from "sessile/sqlite";
import { temporaryFolder } from "sessile-test-support/folder";
import { lifetimes } from "./lifetimes.ts";

lifetimes("sqlite", async () => {
  const path = join(temporaryFolder(), "sessions.db");
  const stores = [sqliteStore({ path }), sqliteStore({ path })] as const;
  return { stores, close: async () => void (await Promise.all(stores.map((store) => store.close()))) };
});

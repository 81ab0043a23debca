// The names by which servers with one file of users tell their session stores apart.

import { randomUUID } from "node:crypto";
import { realpathSync } from "node:fs";
import type { Config } from "../../config/config.ts";
import { withoutPasswords } from "../../config/without-password.ts";
import type { StoreEntry } from "../users/endings.ts";

const MEMORY = "memory of process ";

type Served = Pick<Config, "store" | "absoluteTimeout" | "longestSession">;

/**
 * `store` is the value of `--store`, and open. Two names for one store rarely cost a second sign-in, and never an
 * ending.
 */
export function storeEntry({ store, absoluteTimeout, longestSession }: Served): StoreEntry {
  const lifetime = longestSession ?? absoluteTimeout;
  if (store === "memory") return entryInMemory(lifetime);
  const path = store.startsWith("sqlite:") ? store.slice("sqlite:".length) : null;
  return { name: path === null ? withoutPasswords(store) : `sqlite:${realpathSync(path)}`, lifetime };
}

/** Random, since another process, even with the same number later, has other sessions. */
export function entryInMemory(lifetime: number): StoreEntry {
  return { name: `${MEMORY}${process.pid} (${randomUUID().slice(0, 8)})`, lifetime };
}

export function isInMemory({ name }: StoreEntry): boolean {
  return name.startsWith(MEMORY);
}

// The addresses that a server prints when it is ready.

import assert from "node:assert/strict";
import type { ServerProcess } from "./server-process.ts";

/** The main listener, and those of the admin page and of the metrics, which need `--admin-listen` and `--metrics`. */
export function listenersOf({ url, output }: ServerProcess): Readonly<Record<"main" | "admin" | "metrics", string>> {
  const { stdout } = output();
  const named = (name: string): string =>
    new RegExp(`^ {2}${name} +(http:\\S+)`, "m").exec(stdout)?.[1] ?? assert.fail(stdout);
  return { main: url, admin: named("admin"), metrics: named("metrics") };
}

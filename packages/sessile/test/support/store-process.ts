// A SQLite store in a process of its own, served over IPC, and the store that stands for it in the test.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { SessionError, type SessionErrorCode } from "sessile";
import { type SqliteFileOptions, sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { STORE_METHODS } from "#dist/core/store.js";

interface Call {
  readonly id: number;
  readonly method: (typeof STORE_METHODS)[number];
  readonly parameters: readonly unknown[];
}

type Answer = { readonly id: number } & (
  | { readonly value: unknown }
  | { readonly code: SessionErrorCode; readonly message: string }
);

/** A store in another process, and the process. Calls that the process did not answer before it died reject. */
export interface RemoteStore {
  readonly store: SessionStore;
  readonly process: ChildProcess;
  /** Closes the store, then ends the process. */
  readonly end: () => Promise<void>;
}

const FILE = fileURLToPath(import.meta.url);

export async function forkStore(options: SqliteFileOptions): Promise<RemoteStore> {
  const child = fork(FILE, [JSON.stringify(options)], { serialization: "advanced" });
  const [ready] = (await Promise.race([once(child, "message"), once(child, "exit")])) as unknown[];
  if (ready !== "ready") throw new Error(`The store process did not start: ${String(ready)}`);
  const store = remoteStore(child);
  return { store, process: child, end: () => end(child, store) };
}

async function end(child: ChildProcess, store: SessionStore): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  await store.close();
  child.disconnect();
  await ended;
}

function remoteStore(child: ChildProcess): SessionStore {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let calls = 0;
  child.on("message", (answer: Answer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("value" in answer) call?.resolve(answer.value);
    else call?.reject(new SessionError(answer.code, answer.message));
  });
  child.on("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error("the store process died"));
  });
  const ask = (method: Call["method"], parameters: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = calls++;
      waiting.set(id, { resolve, reject });
      child.send({ id, method, parameters } satisfies Call, (error) => error && reject(error));
    });
  const methods = STORE_METHODS.map((method) => [method, (...parameters: unknown[]) => ask(method, parameters)]);
  const store = Object.fromEntries(methods) as unknown as SessionStore;
  // Objects from IPC are not frozen, and only a store in this process can promise that they are.
  return { ...store, load: async (sid) => frozen(await store.load(sid)) };
}

function frozen<T>(record: T): T {
  return Object.freeze(record);
}

function serve(store: SessionStore): void {
  process.on("message", (call: Call) => void answer(store, call));
  process.send?.("ready");
}

async function answer(store: SessionStore, { id, method, parameters }: Call): Promise<void> {
  try {
    const value = await (store[method] as (...all: unknown[]) => Promise<unknown>)(...parameters);
    process.send?.({ id, value });
  } catch (error) {
    const { code, message } = error as SessionError;
    process.send?.({ id, code, message });
  }
}

if (process.argv[1] === FILE && process.send !== undefined)
  serve(sqliteStore(JSON.parse(process.argv[2] ?? "") as SqliteFileOptions));

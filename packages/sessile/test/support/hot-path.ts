// One request through the manager, again and again: what an adapter does, without a server. As a program it prints how many bytes one
// request allocates.

import { pathToFileURL } from "node:url";
import { cookieTransport, memoryStore, SessionManager, type SessionStore } from "#dist/index.js";

const SILENT = { set() {}, append() {} };

/** A function that sends a request with this kind of token. */
export async function hotPath(kind: string, store: SessionStore = memoryStore()): Promise<() => Promise<unknown>> {
  const manager = new SessionManager({ store, transports: [cookieTransport()], sweepInterval: 0 });
  const signIn = async (userId: string): Promise<string> => {
    const { session, commit } = await manager.open({ method: "POST", path: "/", header: () => undefined });
    const token = await session.signIn(userId, { data: { theme: "dark" } });
    await commit(200, SILENT);
    return token;
  };
  let users = 0;
  if (kind === "a sign-in") return () => signIn(`user-${users++}`);
  const token = await signIn("ann");
  const cookie = { "signed in": token, "ill-formed token": token.slice(0, -1), anonymous: undefined }[kind];
  const header = (name: string) => (name === "cookie" && cookie !== undefined ? `__Host-session=${cookie}` : undefined);
  return async () => {
    const { session, commit } = await manager.open({ method: "GET", path: "/", header });
    if ((session.userId !== null) !== (kind === "signed in")) throw new Error(`unexpected: ${session.userId}`);
    await commit(200, SILENT);
  };
}

/** How often each method of the store was called by so many signed-in reads. */
export async function countedReads(times: number): Promise<Record<string, number>> {
  const calls: Record<string, number> = {};
  const counted = new Proxy(memoryStore(), {
    get(store, name: keyof SessionStore) {
      const method = store[name];
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        calls[name] = (calls[name] ?? 0) + 1;
        return (method as (...args: unknown[]) => unknown).apply(store, args);
      };
    },
  });
  const read = await hotPath("signed in", counted);
  for (const name of Object.keys(calls)) delete calls[name];
  for (let i = 0; i < times; i++) await read();
  return calls;
}

async function bytesAllocated(kind: string): Promise<number> {
  const read = await hotPath(kind);
  for (let i = 0; i < 200; i++) await read();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 2000; i++) await read();
  return Math.round((process.memoryUsage().heapUsed - before) / 2000);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  console.log(await bytesAllocated(process.argv[2] ?? "signed in"));

// Programs of others around express-session, from packages of a folder of their own: together they take 250 MB.

import { createRequire } from "node:module";
import { memoryStore } from "sessile";
import { expressSessionStore } from "sessile/express-session";

const FOLDER = new URL("../../../../../tools/express-programs/", import.meta.url);
const load = createRequire(new URL("package.json", FOLDER));

// biome-ignore-start lint/suspicious/noExplicitAny: packages without a common type.
export const packageOf = (name: string): any => load(name);

/** For packages that can only be imported. */
export const importOf = (file: string): Promise<any> => import(new URL(`node_modules/${file}`, FOLDER).href);
// biome-ignore-end lint/suspicious/noExplicitAny: see above

/** The same program runs over both. `userOf` finds the user of our store. */
export function storesFor(userOf: Parameters<typeof expressSessionStore>[0]["userOf"] & {}) {
  const { MemoryStore } = packageOf("express-session");
  return {
    "express-session's own": () => ({ store: new MemoryStore() as object, manager: null }),
    ours: () => {
      const store = expressSessionStore({ store: memoryStore(), sweepInterval: 0, userOf });
      return { store: store as object, manager: store.manager };
    },
  };
}

// A store whose calls are intercepted.

import { type SessionStore, STORE_METHODS } from "../core/store.ts";

export type StoreMethod = keyof SessionStore;

const METHODS: ReadonlySet<PropertyKey> = new Set<StoreMethod>(STORE_METHODS);

/**
 * `store` with `extra` beside its methods. Each call waits for `before`, and fails with its error; so there is no
 * `peek`. There is no `touch` either: each touch is a `commit`, which a test can count and stop.
 */
export function intercept<Extra extends object>(
  store: SessionStore,
  before: (method: StoreMethod) => Promise<void> | void,
  extra: Extra,
): SessionStore & Extra {
  return new Proxy(store, {
    get(target, name) {
      if (Object.hasOwn(extra, name)) return Reflect.get(extra, name);
      if (name === "peek" || name === "touch") return undefined;
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== "function") return value;
      if (!METHODS.has(name)) return value.bind(target) as unknown;
      return async (...args: unknown[]): Promise<unknown> => {
        await before(name as StoreMethod);
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  }) as SessionStore & Extra;
}

// A store that fails on demand of a test.

import { SessionError } from "../core/errors.ts";
import type { SessionStore } from "../core/store.ts";
import { intercept, type StoreMethod } from "./intercepted-store.ts";

export interface Failing {
  /** Makes these methods fail from now on, and no others; all methods if none is named. */
  readonly fail: (...methods: StoreMethod[]) => void;
  /** Makes nothing fail any more. */
  readonly recover: () => void;
}

/** `store`, but methods named to `fail` fail like those of a store whose server is down. */
export function failingStore(store: SessionStore): SessionStore & Failing {
  let fails: (method: StoreMethod) => boolean = () => false;
  const check = (method: StoreMethod): void => {
    if (fails(method)) throw new SessionError("ERR_SESSION_STORE", `The store fails to ${method}, as the test wants.`);
  };
  return intercept(store, check, {
    fail(...methods: StoreMethod[]) {
      fails = (method) => methods.length === 0 || methods.includes(method);
    },
    recover() {
      fails = () => false;
    },
  });
}

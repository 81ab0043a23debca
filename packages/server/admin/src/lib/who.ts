// The signed-in user of a page, from the server.

import { useCallback, useEffect, useState } from "preact/hooks";
import type { Person, Who } from "../../../src/identity/sign-in/person.ts";
import { ask } from "./request.ts";
import { setClock } from "./time.ts";

export interface UsedWho {
  /** `undefined` until the server has answered; `null` without a sign-in. */
  readonly who: Person | null | undefined;
  /** Milliseconds that a sign-in with "Keep me signed in" lasts; `null` where this is not offered. */
  readonly keepFor: number | null;
  readonly error: unknown;
  readonly arrive: (person: Person) => void;
  readonly leave: () => void;
  /** Asks the server again. */
  readonly look: () => void;
}

/** `api` is the base of the routes, such as `/admin/api`. */
export function useWho(api: string): UsedWho {
  const [who, setWho] = useState<Person | null | undefined>(undefined);
  const [keepFor, setKeepFor] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const arrive = useCallback((person: Person) => {
    setClock(person.now);
    setWho(person);
  }, []);
  const leave = useCallback(() => setWho(null), []);
  const look = useCallback(() => {
    ask<Who>("GET", `${api}/who`).then(({ person, keepFor: longest }) => {
      setKeepFor(longest);
      if (person === null) leave();
      else arrive(person);
    }, setError);
  }, [api, arrive, leave]);
  useEffect(look, [look]);
  return { who, keepFor, error, arrive, leave, look };
}

// Loads the data of a page: again when the page changes, and again by itself while the server or its store is down.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, isPassing } from "./request.ts";

/** Milliseconds between a failed load and the next. */
const RETRY = 2000;

export interface Loaded<T> {
  /** The data of the last load; it stays during the next load, and while that fails. */
  readonly data: T | null;
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** Loads `path`, and again whenever it changes. Calls `onError` with every failure. */
export function useLoad<T>(path: string, onError: (error: unknown) => void): Loaded<T> {
  const [state, setState] = useState<{ path: string; data: T | null; error: unknown }>({
    path,
    data: null,
    error: null,
  });
  const [round, setRound] = useState(0);
  const [isLoading, setLoading] = useState(true);
  const hear = useRef(onError);
  hear.current = onError;
  const reload = useCallback(() => setRound((before) => before + 1), []);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    setLoading(true);
    ask<T>("GET", path, undefined, abort.signal).then(
      (data) => {
        setState({ path, data, error: null });
        setLoading(false);
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setState((before) => ({ path, data: before.path === path ? before.data : null, error }));
        setLoading(false);
        hear.current(error);
        if (isPassing(error)) timer = setTimeout(reload, RETRY);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, round, reload]);
  const isSame = state.path === path;
  return { data: isSame ? state.data : null, error: isSame ? state.error : null, isLoading, reload };
}

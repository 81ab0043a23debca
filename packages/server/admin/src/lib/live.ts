// The live stream from the server: new figures and session events.

import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Activity, Figures } from "../../../src/console/api.ts";

export type Connection = "connecting" | "live" | "lost";

type Listener = (event: { figures?: Figures; activity?: readonly Activity[] }) => void;

/** The only stream of a page, with its listeners. */
export class LiveStream {
  readonly #listeners = new Set<Listener>();
  readonly #onConnection: (connection: Connection) => void;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onConnection: (connection: Connection) => void) {
    this.#onConnection = onConnection;
  }

  /** A browser reconnects by itself after a lost connection, but not after a refusal. */
  open(): void {
    const source = new EventSource("/admin/api/events");
    this.#source = source;
    source.onopen = () => this.#onConnection("live");
    source.onerror = () => {
      this.#onConnection("lost");
      if (source.readyState === EventSource.CLOSED) this.#timer = setTimeout(() => this.open(), 3000);
    };
    source.addEventListener("figures", ({ data }) => this.#tell({ figures: JSON.parse(data) as Figures }));
    source.addEventListener("activity", ({ data }) => this.#tell({ activity: JSON.parse(data) as Activity[] }));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: Parameters<Listener>[0]): void {
    for (const listener of this.#listeners) listener(event);
  }
}

export const Live = createContext<{ readonly stream: LiveStream | null; readonly connection: Connection }>({
  stream: null,
  connection: "connecting",
});

/** Opens the stream while the caller is shown. `onLost` is called whenever it is lost. */
export function useStream(onLost: () => void): { readonly stream: LiveStream | null; readonly connection: Connection } {
  const [connection, setConnection] = useState<Connection>("connecting");
  const [stream, setStream] = useState<LiveStream | null>(null);
  const hear = useRef(onLost);
  hear.current = onLost;
  useEffect(() => {
    const opened = new LiveStream((state) => {
      setConnection(state);
      if (state === "lost") hear.current();
    });
    opened.open();
    setStream(opened);
    return () => opened.close();
  }, []);
  return { stream, connection };
}

/** Calls `listener` with every message while the caller is shown. */
export function useLive(listener: Listener): Connection {
  const { stream, connection } = useContext(Live);
  const hear = useRef(listener);
  hear.current = listener;
  useEffect(() => stream?.listen((event) => hear.current(event)), [stream]);
  return connection;
}

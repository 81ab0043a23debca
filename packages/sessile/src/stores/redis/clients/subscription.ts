// Listening to a channel over connections of its own, one after the other: `subscribe` of a port whose primaries can
// `connect`.

import type { RedisConnection, RedisPrimary } from "../port.ts";

/** Milliseconds between a lost connection and the next. */
const RECONNECT = 250;

/** Listens at any primary: in a Cluster, each passes messages on to all. */
export function subscribeOver(
  primaries: () => readonly RedisPrimary[],
  channel: string,
  onMessage: (message: string | null) => void,
): () => void {
  let connection: RedisConnection | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const begin = async (): Promise<void> => {
    let isLost = false;
    const lost = () => {
      if (isLost || isOver) return;
      isLost = true;
      connection?.close();
      timer = setTimeout(begin, RECONNECT).unref();
    };
    try {
      const all = primaries();
      connection = await all[Math.floor(Math.random() * all.length)]?.connect?.(lost);
      if (isOver) return connection?.close();
      await connection?.subscribe(channel, (message) => onMessage(String(message)));
      if (connection !== undefined && !isLost) onMessage(null);
      else lost();
    } catch {
      lost();
    }
  };
  void begin();
  return () => {
    isOver = true;
    clearTimeout(timer);
    connection?.close();
  };
}

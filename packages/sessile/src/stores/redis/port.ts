// The port: all that the store, its check and its cache ask of a Redis client of any library.

/**
 * The store's way to Redis or Valkey. `redisStore` makes one of a client of `@redis/client` or `ioredis`; for a client
 * of another library, write one and hand it in as `client`. `isReady` and `send` are enough for every request of a
 * user.
 */
export interface RedisPort {
  /** False where a command would not leave at once. */
  isReady(): boolean;
  /**
   * Sends one command to the primary that holds `key`, once: a node that refuses it may name another, but after a lost
   * connection nothing is sent again, and what has not left within about 250 ms never does. Every key among `args` is
   * `key`. Strings go out as UTF-8 and come back as that; an error of Redis rejects, its message beginning with Redis'
   * own words. A script that names several sessions is only sent where `holdsAllKeys`.
   */
  send(key: string, args: readonly string[]): Promise<unknown>;
  /**
   * Listens to a channel, over another connection when one is lost. Calls `onMessage` with each message, and with `null`
   * when it has begun to listen or may have missed messages. The function that is returned ends it. Without it, open
   * connections end half a second late.
   */
  subscribe?(channel: string, onMessage: (message: string | null) => void): () => void;
  /**
   * The primaries as the client shows them at this moment. Needed by `scan`, `checkRedis`, `confirmReplicas` and
   * `cachedStore`.
   */
  primaries?(): readonly RedisPrimary[];
  /** True where one primary holds every key, as outside of a Cluster: so that one script may touch many sessions. */
  readonly holdsAllKeys?: boolean;
  /** The client's own prefix of every key that it is given, except for `SCAN` and `primaries`. */
  readonly keyPrefix?: string;
}

/** One primary behind a client. */
export interface RedisPrimary {
  /** Distinguishes it from the others. */
  readonly name: string;
  /** Sends a command that concerns this server and no key. */
  ask(args: readonly string[]): Promise<unknown>;
  /** Whether the client sends commands about this key to it, at this moment; the key as Redis sees it. */
  owns(key: string): boolean;
  /**
   * Opens a connection of its own, which never reconnects: `onLost` is called when it is over. Needed by
   * `confirmReplicas` and `cachedStore`.
   */
  connect?(onLost: () => void): Promise<RedisConnection>;
}

/** A connection in RESP 2, whose pushes every client library shows. */
export interface RedisConnection {
  /** Commands leave in the order of the calls; keys as Redis sees them. */
  send(args: readonly string[]): Promise<unknown>;
  /** Calls `onMessage` with the payload of each message of a channel. After this, nothing else is sent. */
  subscribe(channel: string, onMessage: (payload: unknown) => void): Promise<unknown>;
  /** Ends the connection. */
  close(): void;
}

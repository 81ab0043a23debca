// A primary and a replica, with a proxy between them that can hold replication up.

import { isReplicated } from "sessile-test-support/redis-replication";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";
import { startTcpProxy, type TcpProxy } from "sessile-test-support/tcp-proxy";
import { waitUntil } from "sessile-test-support/wait-until";

export interface Replication {
  readonly primary: RedisServer;
  readonly replica: RedisServer;
  /** Freeze it, and the replica stands still while all believe that it is there. */
  readonly link: TcpProxy;
  /** Makes the replica a primary of its own, as a failover does. */
  promote(): Promise<void>;
  /** Waits until the replica has all that the primary has. */
  untilEqual(): Promise<void>;
  close(): Promise<void>;
}

const SETTINGS = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1", "--repl-timeout", "60"];

export async function startReplication(): Promise<Replication> {
  const primary = await startRedis(SETTINGS);
  const link = await startTcpProxy(primary.port);
  const replica = await startRedis([...SETTINGS, "--replicaof", "127.0.0.1", String(link.port)]);
  const untilEqual = () => waitUntil("the replica has everything", () => isReplicated([primary, replica]));
  await untilEqual();
  return {
    primary,
    replica,
    link,
    promote: async () => void (await replica.ask("REPLICAOF", "NO", "ONE")),
    untilEqual,
    close: async () => void (await Promise.all([link.close(), primary.close(), replica.close()])),
  };
}

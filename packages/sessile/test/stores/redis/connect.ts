// Connections for the tests of the Redis store.

import { once } from "node:events";
import { Redis } from "ioredis";
import { type RedisClient, type RedisPort, redisStore } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { portOf } from "#dist/stores/redis/clients/port-of.js";
import { RedisStore } from "#dist/stores/redis/store.js";

export async function connectIoredis(port: number, options: object = {}): Promise<Redis> {
  const client = new Redis(port, "127.0.0.1", { autoResendUnfulfilledCommands: false, ...options });
  await once(client, "ready");
  return client;
}

/** A store, and the commands that it sent, each as words. */
export function watchedStore(
  client: RedisClient,
  prefix: string,
): { store: SessionStore; sent: (readonly string[])[] } {
  const port = portOf(client, Number.POSITIVE_INFINITY);
  const sent: (readonly string[])[] = [];
  const watched: RedisPort = {
    isReady: () => port.isReady(),
    send: (key, args) => {
      sent.push(args);
      return port.send(key, args);
    },
  };
  return { store: new RedisStore(watched, { prefix, deadline: 5000 }), sent };
}

/** A store whose deadline does not depend on how busy this machine is. */
export function patientStore(client: RedisClient, prefix: string): SessionStore {
  return redisStore({ client, prefix, deadline: 10_000 });
}

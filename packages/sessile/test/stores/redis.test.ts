// The Redis store: the shared suite over both client libraries, and what only it has to keep.

import { after } from "node:test";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { redisStore } from "sessile/redis";
import { storeSuite } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";

const server = await startRedis();
after(() => server.close());
storeSuite("redis over @redis/client", async () => {
  const a = await createClient({ url: server.url }).connect();
  const b = await createClient({ url: server.url }).connect();
  return {
    stores: [redisStore({ client: a, prefix: "n:" }), redisStore({ client: b, prefix: "n:" })],
    expiresByItself: true,
    corrupt: async (sid) => {
      await a.set("n:s:" + sid, "1|{");
    },
    close: async () => {
      a.destroy();
      b.destroy();
    },
  };
});
storeSuite("redis over ioredis", async () => {
  const a = new Redis(server.url, { autoResendUnfulfilledCommands: false });
  const b = new Redis(server.url, { autoResendUnfulfilledCommands: false });
  await Promise.all([a.ping(), b.ping()]);
  return {
    stores: [redisStore({ client: a, prefix: "i:" }), redisStore({ client: b, prefix: "i:" })],
    expiresByItself: true,
    corrupt: async (sid) => {
      await a.set("i:s:" + sid, "1|{");
    },
    close: async () => {
      a.disconnect();
      b.disconnect();
    },
  };
});

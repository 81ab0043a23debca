import { createClient } from "@redis/client";
import { redisStore } from "sessile/redis";
import { startRedis } from "sessile-test-support/redis-server";
import { promises } from "./promises.ts";

promises("redis, two connections", async () => {
  const redis = await startRedis();
  const clients = [
    await createClient({ url: redis.url }).connect(),
    await createClient({ url: redis.url }).connect(),
  ] as const;
  return {
    stores: [redisStore({ client: clients[0], deadline: 5000 }), redisStore({ client: clients[1], deadline: 5000 })],
    close: async () => {
      for (const client of clients) client.destroy();
      await redis.close();
    },
  };
});

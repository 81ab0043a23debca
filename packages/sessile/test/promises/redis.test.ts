// The promises on one Redis, over both client libraries, each server with a connection of its own.

import { redisStore } from "sessile/redis";
import { startRedis } from "sessile-test-support/redis-server";
import { type Library, SINGLE } from "../stores/redis/clients.ts";
import { promises } from "./promises.ts";

for (const library of Object.keys(SINGLE) as Library[]) {
  promises(`redis over ${library}`, async () => {
    const redis = await startRedis();
    const connect = () => SINGLE[library]([{ host: "127.0.0.1", port: redis.port }]);
    const [one, two] = [await connect(), await connect()];
    return {
      stores: [redisStore({ client: one.client, deadline: 5000 }), redisStore({ client: two.client, deadline: 5000 })],
      close: async () => {
        one.close();
        two.close();
        await redis.close();
      },
    };
  });
}

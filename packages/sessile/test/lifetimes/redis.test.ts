import { cachedStore } from "sessile/cached";
import { redisStore } from "sessile/redis";
import { startRedis } from "sessile-test-support/redis-server";
import { untilCoherent } from "../stores/cached/until.ts";
import { SINGLE } from "../stores/redis/clients.ts";
import { lifetimes } from "./lifetimes.ts";

for (const isCached of [false, true]) {
  lifetimes(isCached ? "redis with copies" : "redis", async () => {
    const redis = await startRedis();
    const connect = () => SINGLE["@redis/client"]([{ host: "127.0.0.1", port: redis.port }]);
    const [one, two] = [await connect(), await connect()];
    const plain = [one, two].map(({ client }) => redisStore({ client, deadline: 10_000 })) as [never, never];
    const cached = isCached ? cachedStore(plain[0]) : null;
    if (cached !== null) await untilCoherent(cached);
    return {
      // another process may accept for a moment what has ended here, so one cache serves both managers
      stores: cached === null ? plain : [cached, cached],
      close: async () => {
        await cached?.close();
        one.close();
        two.close();
        await redis.close();
      },
    };
  });
}

// The promises on every kind of Redis, over both client libraries, each server with a connection of its own.

import { after } from "node:test";
import { redisStore } from "sessile/redis";
import { startCluster } from "sessile-test-support/redis-cluster";
import { startSentinelGroup } from "sessile-test-support/redis-sentinel";
import { type Address, CLUSTER, type Connect, type Library, SENTINEL } from "../stores/redis/clients.ts";
import { promises } from "./promises.ts";

const [group, cluster] = await Promise.all([startSentinelGroup(), startCluster()]);
after(() => Promise.all([group.close(), cluster.close()]));

for (const library of Object.keys(CLUSTER) as Library[]) {
  promisesOver(`redis behind sentinels over ${library}`, SENTINEL[library], group.addresses);
  promisesOver(`redis cluster over ${library}`, CLUSTER[library], cluster.addresses);
}

function promisesOver(name: string, connect: Connect, addresses: readonly Address[]): void {
  promises(name, async () => {
    const [one, two] = [await connect(addresses), await connect(addresses)];
    return {
      stores: [redisStore({ client: one.client, deadline: 5000 }), redisStore({ client: two.client, deadline: 5000 })],
      close: async () => void (await Promise.all([one.close(), two.close()])),
    };
  });
}

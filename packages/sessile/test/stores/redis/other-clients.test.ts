// The shared suite over clients that need no driver of their own: a pool of `@redis/client`, and Valkey GLIDE through a
// port.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { createClient, createClientPool } from "@redis/client";
import { GlideClient, Logger, ProtocolVersion } from "@valkey/valkey-glide";
import { checkRedis, rebuildUserIndex, redisStore } from "sessile/redis";
import { sampleRecord, storeSuite } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { patientStore } from "./connect.ts";
import { glidePort } from "./glide-port.ts";
import { hearsEveryEnd, listen } from "./hearing.ts";

Logger.setLoggerConfig("off");
const server = await startRedis();
const admin = await createClient({ url: server.url }).connect();
after(async () => {
  admin.destroy();
  await server.close();
});

async function connectGlide() {
  const addresses = [{ host: "127.0.0.1", port: server.port }];
  const options = { addresses, requestTimeout: 10_000, protocol: ProtocolVersion.RESP2 };
  const client = await GlideClient.createClient(options);
  return { client: glidePort(client, options), close: () => client.close() };
}

async function connectPool() {
  const client = createClientPool({ url: server.url }, { maximum: 10 });
  await client.connect();
  return { client, close: () => client.destroy() };
}

for (const [name, connect] of [
  ["Valkey GLIDE", connectGlide],
  ["createClientPool", connectPool],
] as const) {
  const prefix = `${name.replaceAll(" ", "")}:`;

  storeSuite(`redis over ${name}`, async () => {
    const [one, two] = [await connect(), await connect()];
    return {
      stores: [patientStore(one.client, prefix), patientStore(two.client, prefix)],
      expiresByItself: true,
      corrupt: async (sid) => {
        const text = (await admin.get(`${prefix}s:${sid}`)) ?? "";
        await admin.set(`${prefix}s:${sid}`, text.slice(0, -1));
      },
      close: async () => {
        for (const { close } of [one, two]) close();
      },
    };
  });

  test(`sessions that end in another process are told, counted, checked and mended over ${name}`, async (t) => {
    const [here, elsewhere] = [await connect(), await connect()];
    t.after(() => [here, elsewhere].map(({ close }) => close()));
    const hearing = await listen(here.client, `${prefix}heard:`);
    await hearsEveryEnd(hearing, elsewhere.client, `${prefix}heard:`);
    await hearing.close();
    const store = patientStore(here.client, `${prefix}lost:`);
    await store.create(sampleRecord({ userId: "anna" }));
    await admin.del(new RedisKeys(`${prefix}lost:`).user("anna"));
    assert.match((await checkRedis(here.client, { prefix: `${prefix}lost:` })).warnings.join(), /1 is missing|1 of 1/);
    assert.equal(await rebuildUserIndex(here.client, `${prefix}lost:`), 1);
    assert.equal(typeof (await store.stats()).sessions, "number");
  });
}

test("the port to GLIDE that docs/stores.md shows is the one that is tested here", () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
  const source = read("../../../test/stores/redis/glide-port.ts");
  const [, shown] = /```ts\n(import \{ GlideClient,[\s\S]*?)```\n/.exec(read("../../../../../docs/stores.md")) ?? [];
  assert.equal(shown, source.slice(source.indexOf("import")));
});

test("a port that says no more than it must serves every request, and cannot be walked", async () => {
  const { isReady, send } = {
    isReady: () => true,
    send: (_key: string, args: readonly string[]) => admin.sendCommand(args),
  };
  const store = redisStore({ client: { isReady, send }, prefix: "least:", deadline: 10_000 });
  const record = sampleRecord({ userId: "anna" });
  assert.equal((await store.create(record)).status, "created");
  assert.equal((await store.load(record.sid))?.sid, record.sid);
  assert.deepEqual(await store.deleteByUser("anna"), [record.sid]);
  await assert.rejects(store.scan(), { code: "ERR_SESSION_STORE", message: /no `primaries`/ });
  assert.equal((await store.stats()).sessions, null);
  const strict = () => redisStore({ client: { isReady, send }, confirmReplicas: 1 });
  assert.throws(strict, { code: "ERR_SESSION_OPTION", message: /`confirmReplicas`/ });
});

// The shared suite over TLS, as a user with no more rights than the documented ones.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { storeSuite } from "sessile/testing";
import { startTlsRedis } from "sessile-test-support/redis-tls";
import { CLIENT_COMMANDS, type Connected, rights, STORE_COMMANDS } from "./redis/clients.ts";
import { patientStore } from "./redis/connect.ts";

const user = { username: "sessions", password: randomBytes(16).toString("hex") };
const redis = await startTlsRedis(["--user", ...rights(user, "suite-", [...STORE_COMMANDS, ...CLIENT_COMMANDS])]);
after(() => redis?.server.close());

if (redis === null) test("TLS", { skip: "needs openssl, and a Redis that was built with TLS" }, () => {});
else {
  const { server, tlsPort, certificate } = redis;
  const url = `rediss://${user.username}:${user.password}@127.0.0.1:${tlsPort}`;

  const connectNodeRedis = async (): Promise<Connected> => {
    const client = createClient({ url, socket: { tls: true, ca: certificate.cert } });
    await client.connect();
    return { client, close: () => client.destroy() };
  };

  const connectIoredis = async (): Promise<Connected> => {
    const client = new Redis(url, { tls: { ca: certificate.cert }, autoResendUnfulfilledCommands: false });
    await once(client, "ready");
    return { client, close: () => client.disconnect() };
  };

  for (const [library, connect] of Object.entries({ "@redis/client": connectNodeRedis, ioredis: connectIoredis })) {
    storeSuite(`redis over TLS over ${library}, allowed no more than the documented commands`, async () => {
      const [one, two] = [await connect(), await connect()];
      const operator = createClient({ url: server.url });
      const prefix = `suite-${library}:`;
      return {
        stores: [patientStore(one.client, prefix), patientStore(two.client, prefix)],
        walker: patientStore(await operator.connect(), prefix),
        expiresByItself: true,
        corrupt: async (sid) => {
          const text = String(await server.ask("GET", `${prefix}s:${sid}`));
          await server.ask("SET", `${prefix}s:${sid}`, text.slice(0, -1), "KEEPTTL");
        },
        close: async () => {
          for (const { close } of [one, two]) close();
          operator.destroy();
        },
      };
    });
  }

  test("a server without a trusted certificate is refused", async () => {
    const client = createClient({ url, socket: { tls: true, reconnectStrategy: false } }).on("error", () => {});
    await assert.rejects(client.connect(), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  });
}

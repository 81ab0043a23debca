// Other processes are told which sessions ended, over a connection of its own.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startRedis } from "sessile-test-support/redis-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { type Library, SINGLE } from "./clients.ts";
import { hearsEveryEnd, listen } from "./hearing.ts";

const server = await startRedis();
after(() => server.close());

for (const library of Object.keys(SINGLE) as Library[]) {
  const connect = () => SINGLE[library]([{ host: "127.0.0.1", port: server.port }]);
  const prefix = `w-${library}:`;

  test(`a session that ends in another process is told over ${library}, however it ends`, async (t) => {
    const [here, elsewhere] = [await connect(), await connect()];
    t.after(() => [here, elsewhere].map(({ close }) => close()));
    const hearing = await listen(here.client, prefix);
    await hearsEveryEnd(hearing, elsewhere.client, prefix);
    await hearing.close();
  });

  test(`a lost connection is told over ${library} once there is another, because something may have been missed`, async (t) => {
    const { client, close } = await connect();
    t.after(close);
    const hearing = await listen(client, prefix);
    for (let i = 0; i < 3; i++) {
      await server.ask("CLIENT", "KILL", "TYPE", "pubsub");
      assert.equal(await hearing.next(), null);
    }
    await hearsEveryEnd(hearing, client, prefix);
    await hearing.close();
  });

  test(`a store that is closed leaves no connection behind over ${library}`, async (t) => {
    const { client, close } = await connect();
    t.after(close);
    const listening = async () => String(await server.ask("CLIENT", "LIST", "TYPE", "pubsub"));
    const { close: closeStore } = await listen(client, prefix);
    assert.notEqual(await listening(), "");
    await closeStore();
    await waitUntil("nobody listens", async () => (await listening()) === "");
  });
}

// The real server on every kind of Redis, as its users start it.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { startCluster } from "sessile-test-support/redis-cluster";
import { isReplicated } from "sessile-test-support/redis-replication";
import { SENTINEL_NAME, startSentinelGroup } from "sessile-test-support/redis-sentinel";
import { startRedis } from "sessile-test-support/redis-server";
import { startTlsRedis } from "sessile-test-support/redis-tls";
import { waitUntil } from "sessile-test-support/wait-until";
import { profile, signIn, signOut } from "./support/client.ts";
import { runCli, startServer } from "./support/server-process.ts";

const password = randomBytes(16).toString("hex");
const user = ["--user", "sessions", "on", `>${password}`, "~*", "&*", "+@all"];
const env = { SESSILE_REDIS_USERNAME: "sessions", SESSILE_REDIS_PASSWORD: password };
const [single, group, cluster, tls] = await Promise.all([
  startRedis(user),
  startSentinelGroup(user),
  startCluster(user),
  startTlsRedis(user),
]);
after(() => Promise.all([single.close(), group.close(), cluster.close(), tls?.server.close()]));

const hosts = (addresses: readonly { readonly port: number }[]) => {
  return addresses.map(({ port }) => `127.0.0.1:${port}`).join();
};
const STORES: Record<string, string> = {
  "one Redis": `redis://127.0.0.1:${single.port}/0`,
  Sentinels: `redis+sentinel://${hosts(group.addresses)}/0?name=${SENTINEL_NAME}`,
  "a Cluster": `redis+cluster://${hosts(cluster.addresses.slice(0, 3))}`,
};

for (const [name, url] of Object.entries(STORES)) {
  test(`sessions in ${name} outlive the server, and the password is never shown`, async () => {
    const withLogin = url.replace("//", `//sessions:${password}@`);
    const first = await startServer(["--store", url, "--log-level", "trace"], env);
    const [kept, ended] = [await signIn(first.url), await signIn(first.url)];
    assert.equal((await signOut(first.url, ended)).status, 200);
    assert.equal(await first.end(), 0);
    const second = await startServer(["--store", withLogin, "--log-level", "trace"]);
    assert.equal((await profile(second.url, kept)).status, 200);
    assert.equal((await profile(second.url, ended)).status, 401);
    assert.equal(await second.end(), 0);
    assert.ok(first.output().stdout.includes(url));
    for (const server of [first, second]) assert.doesNotMatch(JSON.stringify(server.output()), new RegExp(password));
  });
}

test("Redis' own options are refused where there is none, or where they cannot be kept", async () => {
  const refused: [options: string[], message: RegExp][] = [
    [["--store", "memory", "--cache", "1s"], /--cache is for Redis/],
    [["--store", "memory", "--confirm-replicas", "1"], /--confirm-replicas is for Redis/],
    [["--store", "memory", "--cache", "1d"], /--cache must be off, or from 100ms to 1m; got "1d"/],
    [["--store", "memory", "--confirm-replicas=-1"], /--confirm-replicas must be a number from 0 to 100/],
  ];
  for (const [options, message] of refused) {
    const { code, stderr } = await runCli(["serve", "--port", "0", ...options], env);
    assert.equal(code, 2);
    assert.match(stderr, message);
  }
});

test("with a cache, a sign-out at one server is known at the other", async (t) => {
  for (const url of Object.values(STORES)) {
    const args = ["--store", `${url}${url.includes("?") ? "&" : "?"}prefix=cached:`, "--cache", "500ms"];
    const servers = [await startServer(args, env), await startServer(args, env)] as const;
    t.after(() => servers.map((server) => server.end("SIGKILL")));
    assert.match(servers[0].output().stdout, /accepted for at most 500ms/);
    const token = await signIn(servers[0].url);
    for (let i = 0; i < 20; i++) assert.equal((await profile(servers[1].url, token)).status, 200);
    await signOut(servers[0].url, token);
    await waitUntil("the other server knows", async () => (await profile(servers[1].url, token)).status === 401);
  }
});

test("P7: --confirm-replicas answers a sign-out 503 while no replica confirms it, and does not start over snapshots", async (t) => {
  const store = STORES["Sentinels"] as string;
  const server = await startServer(["--store", store, "--confirm-replicas", "1"], env);
  t.after(() => server.end("SIGKILL"));
  const token = await signIn(server.url);
  const primary = await group.primary();
  const replicas = group.nodes.filter((node) => node !== primary);
  for (const node of replicas) node.pause();
  const { status } = await signOut(server.url, token);
  for (const node of replicas) node.resume();
  assert.equal(status, 503);
  await waitUntil("it is confirmed", async () => (await signOut(server.url, token)).status === 200);
  await primary.ask("CONFIG", "SET", "save", "60 1");
  t.after(() => primary.ask("CONFIG", "SET", "save", ""));
  const refused = await runCli(["serve", "--port", "0", "--store", store, "--confirm-replicas", "1"], env);
  assert.deepEqual([refused.code, /Only snapshots are kept on disk/.test(refused.stderr)], [2, true]);
});

test("sessions in a Redis over TLS", {
  skip: tls === null && "needs openssl, and a Redis built with TLS",
}, async () => {
  const url = `rediss://127.0.0.1:${tls?.tlsPort}`;
  const trusting = { ...env, NODE_EXTRA_CA_CERTS: tls?.certificate.certFile ?? "" };
  const server = await startServer(["--store", url], trusting);
  assert.equal((await profile(server.url, await signIn(server.url))).status, 200);
  assert.equal(await server.end(), 0);
  const { code, stderr } = await runCli(["serve", "--port", "0", "--store", url], env);
  assert.equal(code, 2);
  assert.match(stderr, /cannot be reached: DEPTH_ZERO_SELF_SIGNED_CERT/);
});

test("who may not sign in at Redis is told so in one line, without the password", async () => {
  for (const url of Object.values(STORES)) {
    const store = url.replace("//", "//sessions:hunter2@");
    const { code, stdout, stderr } = await runCli(["serve", "--port", "0", "--store", store]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^sessile: --store .* cannot be reached: .*WRONGPASS.*\n$/);
    assert.doesNotMatch(stderr, /hunter2/);
  }
});

test("Sentinels and a Cluster that cannot be found are named", async () => {
  for (const store of ["redis+sentinel://127.0.0.1:1,127.0.0.1:2?name=x", "redis+cluster://127.0.0.1:1,127.0.0.1:2"]) {
    const { code, stderr } = await runCli(["serve", "--port", "0", "--store", store]);
    assert.equal(code, 2);
    assert.match(stderr, /^sessile: --store redis\+\w+:\/\/127\.0\.0\.1:1,.* cannot be reached: .*\n$/);
  }
});

test("a primary that dies costs 503s, no restart", async (t) => {
  const server = await startServer(["--store", STORES["Sentinels"] as string, "--log-level", "silent"], env);
  t.after(() => server.end("SIGKILL"));
  const token = await signIn(server.url);
  const former = await group.primary();
  await waitUntil("the replicas have it", () => isReplicated(group.nodes));
  await group.takeForDeadAfter(1000);
  await former.kill();
  const seen = new Set<number>();
  await group.untilTakenOver(former);
  await waitUntil("the session works again", async () => {
    const { status } = await profile(server.url, token);
    seen.add(status);
    return status === 200;
  });
  assert.deepEqual(
    [...seen].filter((status) => status !== 200 && status !== 503),
    [],
  );
  assert.equal(await server.end(), 0);
});

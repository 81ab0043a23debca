// `npm run measure -- redis`: the cost of each kind of request for Redis, by its own account. Prints a table.

import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "@redis/client";
import { headerTransport, SessionManager } from "sessile";
import { cachedStore } from "sessile/cached";
import { redisStore } from "sessile/redis";
import { startRedis } from "sessile-test-support/redis-server";

const ROUNDS = 200;
const MINUTE = 60_000;
const DATA = { cart: ["a-12", "b-34"], theme: "dark", locale: "en-GB", csrf: "x".repeat(32) };

const server = await startRedis();
const client = await createClient({ url: server.url }).connect();
const sent = [];
for (const method of ["sendCommand", "publish"]) {
  const send = client[method].bind(client);
  client[method] = (...args) => {
    sent.push(method === "publish" ? method : args[0][0].toLowerCase());
    return send(...args);
  };
}
let now = Date.now();
let manager;

/** One request; resolves with its new token. */
async function request(token, act) {
  const header = (name) => (name === "x-session-token" ? token : undefined);
  const { session, commit } = await manager.open({ method: "POST", path: "/", header });
  await act(session);
  let issued;
  const keep = (name, value) => {
    if (name.toLowerCase() === "x-session-token") issued = value;
  };
  await commit(200, { get: () => undefined, set: keep, append: keep });
  return issued;
}

const signIn = (session) => session.signIn(`user-${Math.random()}`, { data: DATA });
const read = (session) => session.get("cart");

console.log(
  `Redis ${(await info("server")).redis_version}, ${ROUNDS} requests each, data of ${JSON.stringify(DATA).length} bytes.\n`,
);
console.log("| request | cache | sent by the client | done by Redis, inside scripts too | bytes in | bytes out |");
console.log("|---|---|---|---|--:|--:|");
for (const isCached of [false, true]) await measureAll(isCached);
client.destroy();
await server.close();

async function measureAll(isCached) {
  const store = redisStore({ client, prefix: isCached ? "cached:" : "plain:", deadline: 10_000 });
  manager = new SessionManager({
    store: isCached ? cachedStore(store) : store,
    transports: [headerTransport()],
    sweepInterval: 0,
    clock: () => now,
  });
  const signedIn = await request(undefined, signIn);
  await request(signedIn, (session) => session.set("warm", 1)); // all scripts are loaded from here on
  while (isCached && !(await manager.stats()).cache.isCoherent) await pause(20);
  const tokens = await each(() => request(undefined, signIn));
  await each((i) => request(tokens[i], read));
  const rows = [
    ["read", () => {}, (i) => request(tokens[i], read)],
    ["read, touch due", () => (now += 10 * MINUTE), (i) => request(tokens[i], read), () => manager.flush()],
    ["read after a write", () => {}, (i) => request(tokens[i], read)],
    ["set", () => {}, (i) => request(tokens[i], (session) => session.set("theme", `t${i}`))],
    ["update", () => {}, (i) => request(tokens[i], (session) => session.update("n", (n) => Number(n ?? 0) + 1))],
    ["sign-in", () => {}, () => request(undefined, signIn)],
    ["sign-out", () => {}, (i) => request(tokens[i], (session) => session.signOut())],
  ];
  for (const [name, prepare, run, after = () => {}] of rows) {
    prepare();
    console.log(describe(name, isCached, await measured(run, after)));
  }
  await manager.close();
}

async function each(run) {
  const results = [];
  for (let i = 0; i < ROUNDS; i++) results.push(await run(i));
  return results;
}

/** The server's counters over one round of everything and what comes after it, less the cost of reading them. */
async function measured(run, after) {
  const nothing = await counted(() => {});
  const all = await counted(async () => {
    await each(run);
    await after();
  });
  return { ...all, input: all.input - nothing.input, output: all.output - nothing.output };
}

async function counted(work) {
  await server.ask("CONFIG", "RESETSTAT");
  sent.length = 0;
  await work();
  const { total_net_input_bytes: input, total_net_output_bytes: output } = await info("stats");
  const done = Object.entries(await info("commandstats")).filter(([name]) => !/config|info/.test(name));
  const calls = done.map(([name, stats]) => [name.replace("cmdstat_", ""), Number(/calls=(\d+)/.exec(stats)[1])]);
  return { sent: tally(sent), done: Object.fromEntries(calls), input: Number(input), output: Number(output) };
}

function tally(names) {
  const counts = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

async function info(section) {
  const lines = String(await server.ask("INFO", section)).matchAll(/^(\w[^:\r\n]*):(.*?)\r?$/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, value]));
}

function describe(name, isCached, { sent, done, input, output }) {
  return `| ${name} | ${isCached ? "yes" : "no"} | ${list(sent) || "nothing"} | ${list(done) || "nothing"} | ${Math.round(input / ROUNDS)} | ${Math.round(output / ROUNDS)} |`;
}

function list(counts) {
  const names = Object.entries(counts).map(([name, count]) => [
    name.toUpperCase(),
    Math.round((10 * count) / ROUNDS) / 10,
  ]);
  return names
    .filter(([, times]) => times > 0)
    .map(([name, times]) => (times === 1 ? name : `${name} × ${times}`))
    .sort()
    .join(", ");
}

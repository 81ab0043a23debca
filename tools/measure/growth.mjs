// `npm run measure -- growth`: the size of a session, and the time of each of the store's steps, from ten thousand to
// two million sessions in memory, SQLite and Redis. Needs 6 GB of memory and 4 GB of disk. Words choose stores, a
// number is the most sessions: `npm run measure -- growth redis 100000`.

import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { memoryStore } from "sessile";
import { redisStore } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";

const SIZES = [10_000, 100_000, 500_000, 1_000_000, 2_000_000];
const PROBES = 2000;
/** Number of creates under way at once while sessions are made. */
const AT_ONCE = 256;
const DATA = JSON.stringify({ cart: ["a-12", "b-34"], theme: "dark", locale: "en-GB", csrf: "x".repeat(32) });

let users = 0;

await measureAll(process.argv.slice(2));

async function measureAll(words) {
  const most = Number(words.find((word) => /^\d+$/.test(word)) ?? SIZES.at(-1));
  const names = words.filter((word) => !/^\d+$/.test(word));
  console.log(`Node ${process.versions.node}, data of ${DATA.length} bytes, one session a user.\n`);
  console.log("| store | sessions | bytes a session | load | commit | create | delete | created a second |");
  console.log("|---|--:|--:|--:|--:|--:|--:|--:|");
  for (const [name, open] of Object.entries({ memory: openMemory, sqlite: openSqlite, redis: openRedis })) {
    if (names.length === 0 || names.includes(name)) await measure(name, await open(), most);
  }
}

async function measure(name, { store, bytes, close }, most) {
  const [sids, empty] = [[], await bytes()];
  for (const size of SIZES.filter((each) => each <= most)) {
    const count = size - sids.length;
    const start = performance.now();
    await fill(store, sids, count);
    const rate = Math.round((count / (performance.now() - start)) * 1000);
    const each = Math.round(((await bytes()) - empty) / size);
    const times = await probe(store, sids);
    console.log(`| ${[name, size.toLocaleString("en"), each, ...times, rate.toLocaleString("en")].join(" | ")} |`);
  }
  await close();
}

function nextRecord() {
  return sampleRecord({ userId: `user-${users++}`, data: DATA });
}

async function fill(store, sids, count) {
  let left = count;
  const work = async () => {
    while (left-- > 0) {
      const record = nextRecord();
      await store.create(record);
      sids.push(record.sid);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** One call at a time, of sessions from the whole range. Median and 99th percentile in microseconds. */
async function probe(store, sids) {
  const anySid = () => sids[Math.floor(Math.random() * sids.length)];
  const records = Array.from({ length: PROBES }, nextRecord);
  return [
    await timed(() => store.load(anySid())),
    await timed(async () => {
      const sid = anySid();
      const record = await store.load(sid);
      return () => store.commit(sid, { at: record.createdAt, set: { theme: "light" } }, record);
    }),
    await timed((i) => store.create(records[i])),
    await timed((i) => store.delete(records[i].sid)),
  ];
}

async function timed(call) {
  const times = [];
  for (let i = 0; i < PROBES; i++) {
    let start = performance.now();
    const rest = await call(i);
    if (typeof rest === "function") {
      start = performance.now();
      await rest();
    }
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (part) => Math.round(times[Math.floor(PROBES * part)] * 1000);
  return `${at(0.5)} / ${at(0.99)} µs`;
}

async function openMemory() {
  const store = memoryStore({ maxSessions: 3_000_000, maxBytes: 8 * 1024 ** 3 });
  const bytes = async () => {
    globalThis.gc();
    return process.memoryUsage().heapUsed;
  };
  return { store, bytes, close: () => store.close() };
}

async function openSqlite() {
  const { sqliteStore } = await import("sessile/sqlite");
  const folder = mkdtempSync(join(tmpdir(), "sessile-growth-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "sessions.db");
  const store = sqliteStore({ path });
  return { store, bytes: async () => statSync(path).size, close: () => store.close() };
}

async function openRedis() {
  const server = await startRedis();
  const client = await createClient({ url: server.url }).connect();
  const store = redisStore({ client, deadline: 30_000 });
  const bytes = async () => Number(/used_memory:(\d+)/.exec(await server.ask("INFO", "memory"))[1]);
  const close = async () => {
    await store.close();
    client.destroy();
    await server.close();
  };
  return { store, bytes, close };
}

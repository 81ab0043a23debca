// The goals, each with the value reached, computed from the results.

const row = (rows, name) => rows.find((each) => each.name === name);
const own = (rows, name) => row(rows, name).ownCpu.median;
const rate = (rows, name) => row(rows, name).rate.median;

/** `{ question, goal, reached, isReached }` for every goal whose questions were asked. */
export function goals(questions) {
  const asked = Object.entries(questions).filter(([, { answer }]) => !answer.skipped);
  const answers = Object.fromEntries(asked.map(([name, { answer }]) => [name, answer]));
  return [
    ...(answers.reads ? reads(answers.reads) : []),
    ...(answers.invalid ? invalid(answers.invalid) : []),
    ...(answers.touches ? touches(answers.touches) : []),
    ...(answers.postgres ? postgres(answers.postgres) : []),
    ...(answers.fastapi ? fastapi(answers.fastapi) : []),
    ...(answers["sign-in"] ? signIns(answers["sign-in"]) : []),
    ...(answers.expiry ? expiry(answers.expiry) : []),
    ...(answers.space ? space(answers.space) : []),
    ...(answers.growth ? growth(answers.growth.groups) : []),
  ];
}

function atLeast(question, goal, value) {
  return { question, goal: `≥ ${goal}`, reached: value.toFixed(2), isReached: value >= goal };
}

function atMost(question, goal, value, unit = "×") {
  return { question, goal: `≤ ${goal} ${unit}`, reached: `${value.toFixed(2)} ${unit}`, isReached: value <= goal };
}

function reads({ fastify, express, koa, hono }) {
  const ratio = (name) => row(fastify, name).rateRatio.median;
  const own4 = (rows, ours, ...peers) => own(rows, ours) / Math.min(...peers.map((name) => own(rows, name)));
  return [
    atLeast(
      "Signed-in reads a second against the same framework with no session library: memory",
      0.93,
      ratio("memory"),
    ),
    atLeast("the same: Redis with a near cache", 0.9, ratio("cached")),
    atLeast("the same: SQLite", 0.82, ratio("sqlite")),
    atLeast(
      "Redis without a cache, against one bare `GET`: @redis/client",
      0.9,
      rate(fastify, "redis") / rate(fastify, "get"),
    ),
    atLeast(
      "the same: ioredis, against the quicker of its ways",
      0.9,
      rate(fastify, "ioredis") / Math.max(...bareGets(fastify).map(({ rate: { median } }) => median)),
    ),
    atMost(
      "A read's own CPU time against the peer's: memory, Fastify",
      0.25,
      own4(fastify, "memory", "@fastify/session"),
    ),
    atMost("memory, Express", 0.25, own4(express, "memory", "express-session", "express-session, memorystore")),
    atMost("memory, Koa", 0.25, own4(koa, "memory", "koa-session")),
    atMost("memory, Hono", 0.25, own4(hono, "memory", "hono-sessions", "better-auth")),
    atMost("near cache, Fastify", 0.25, own4(fastify, "cached", "@fastify/session, connect-redis")),
    atMost("near cache, Express", 0.25, own4(express, "cached", "express-session, connect-redis")),
    atMost("Redis, Fastify", 0.5, own4(fastify, "redis", "@fastify/session, connect-redis")),
    atMost("Redis, Express", 0.5, own4(express, "redis", "express-session, connect-redis")),
    atMost("SQLite, against hand-written code with one `SELECT`", 1, own4(fastify, "sqlite", "select")),
  ];
}

/** With `ioredis` in its default form, and set to gather its commands. */
function bareGets(rows) {
  return rows.filter(({ name }) => name.startsWith("get, ioredis"));
}

function invalid(rows) {
  const cost = (name) => own(rows, name) / own(rows, "a good token");
  return [
    atMost("An ill-formed token, against a good one", 0.5, cost("an ill-formed token")),
    atMost("An unknown token, against a good one", 1, cost("an unknown token")),
  ];
}

function touches(rows) {
  const cost = (name) => row(rows, `${name}, touched`).cpu.median / row(rows, name).cpu.median;
  return ["memory", "sqlite", "redis"].map((store) =>
    atMost(`A read with its touch due, against one without: CPU time, ${store}`, 1.25, cost(store)),
  );
}

function postgres({ rows, hot, sweep }) {
  const of = (name) => rows.find((each) => each.kind === "read" && each.name === name);
  const ratio = (peer, key) => of("sessile")[key] / of(peer)[key];
  return [
    atMost("A read in Postgres against connect-pg-simple: latency", 0.8, ratio("connect-pg-simple", "latency")),
    atMost("the same: CPU time of Node", 0.8, ratio("connect-pg-simple", "own")),
    atMost("A read in Postgres against SQL by hand: latency", 1.2, ratio("by hand", "latency")),
    atMost("the same: CPU time of Node", 1.2, ratio("by hand", "own")),
    atLeast("HOT share of an hour of touches in Postgres", 0.85, hot.share),
    atMost("One million sessions in Postgres expire at once: longest statement", 50, sweep.longest, "ms"),
  ];
}

function fastapi(rows) {
  return ["memory", "sqlite", "redis"].map((store) =>
    atLeast(
      `Own CPU time of the original FastAPI program, against that of Sessile: ${store}`,
      10,
      own(rows, `FastAPI, ${store}`) / own(rows, `Sessile, ${store}`),
    ),
  );
}

function signIns(rows) {
  const { delay, rateRatio } = row(rows, "sqlite");
  return [
    atLeast("Durable sign-ins a second on SQLite, against one transaction each", 4, rateRatio.median),
    atMost("Event-loop delay under that load, 99th percentile", 5, delay.p99, "ms"),
  ];
}

function expiry({ maxStall, empty, full, after }) {
  const kept = (after.heap - empty.heap) / (full.heap - empty.heap);
  return [
    atMost("One million sessions expire at once: longest stall", 10, maxStall, "ms"),
    atMost("the same: part of their heap that is not given back", 0.05, kept, ""),
  ];
}

function space({ memory }) {
  const { heap } = memory.find(({ name }) => name === "sessile");
  const cleaning = memory.find(({ name }) => name === "memorystore").heap;
  return [
    atMost("Heap of a live session of three small fields", 400, heap, "bytes"),
    atMost("the same, against the memory store that cleans up (memorystore)", 1, heap / cleaning),
  ];
}

function growth({ memory, sqlite }) {
  const ratio = (key, [, , tenThousand, million]) => million[key].median / tenThousand[key].median;
  return [
    atMost("A read's CPU time, 1,000,000 live sessions against 10,000: memory", 1.15, ratio("cpu", memory)),
    atMost("its own part of that", 1.15, ratio("ownCpu", memory)),
    atMost("A read's CPU time, 1,000,000 live sessions against 10,000: SQLite", 1.3, ratio("cpu", sqlite)),
    atMost("its own part of that", 1.3, ratio("ownCpu", sqlite)),
  ];
}

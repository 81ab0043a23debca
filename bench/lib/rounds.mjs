// Measures variants in turn, again and again, so that whatever else the machine does meets all of them. Knows no question.
import { startServer } from "./processes.mjs";
import { median, spreadOf } from "./statistics.mjs";

/**
 * `variants`: `[name, { server, request, node, base, warmUps }]`, where `server` goes to `lib/serve.mjs` and `request` to `lib/load.mjs`.
 * What each is compared with is `base`, and where that is not named the first. Resolves with a row for each, and ends the servers it started.
 */
export async function compare(bench, variants, { rounds = bench.rounds, ms = bench.ms } = {}) {
  const running = [];
  try {
    for (const [name, variant] of variants) running.push(await prepare(bench, name, variant, ms));
    for (let round = 0; round < rounds; round++)
      for (const one of turned(running, round)) one.samples.push(await measure(bench, one, ms));
    return running.map((one) => rowOf(one, running.find(({ name }) => name === one.base) ?? running[0]));
  } finally {
    await Promise.all(running.map(({ isOwn, server }) => isOwn && server.stop()));
  }
}

/** Starts a server, unless it is one that runs already, and lets it compile what it will need. */
async function prepare(bench, name, { server, request = {}, node, base, warmUps = 3 }, ms) {
  const isOwn = server.ask === undefined;
  const one = { name, base, isOwn, request, samples: [] };
  one.server = isOwn ? await startServer({ ...bench.server, ...server }, { ...bench, nodeArgs: node }) : server;
  for (let i = 0; i < warmUps; i++) await measure(bench, one, ms);
  return one;
}

/** One window: what the load saw, and what the server and its main thread spent on it. */
export async function measure({ load }, { name, server, request }, ms) {
  const { port, headersFile } = server;
  await load.ask("run", { port, headersFile, ms, ...request });
  await server.ask("begin");
  const { count, unexpected, latency, ms: elapsed } = await load.ask("go");
  const { cpuMicros, threadMicros, delay } = await server.ask("end");
  if (unexpected > 0) throw new Error(`${name}: ${unexpected} of ${count} responses had an unexpected status.`);
  return { rate: count / (elapsed / 1000), cpu: cpuMicros / count, thread: threadMicros / count, latency, delay };
}

function turned(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/** Differences and ratios are taken within a round, and the median of those is told. */
function rowOf({ name, samples }, { name: baseName, samples: base }) {
  const each = (of) => spreadOf(samples.map(of));
  return {
    name,
    base: baseName,
    rate: each(({ rate }) => rate),
    cpu: each(({ cpu }) => cpu),
    thread: each(({ thread }) => thread),
    ownCpu: each(({ cpu }, round) => cpu - base[round].cpu),
    rateRatio: each(({ rate }, round) => rate / base[round].rate),
    latency: Object.fromEntries(["p50", "p99", "max"].map((key) => [key, median(samples.map((s) => s.latency[key]))])),
    delay: Object.fromEntries(["p99", "max"].map((key) => [key, median(samples.map((s) => s.delay[key]))])),
  };
}

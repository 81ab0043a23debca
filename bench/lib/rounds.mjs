// Measures variants in turn, again and again, so that whatever else the machine does meets all of them. Knows no question.
import { startServer } from "./processes.mjs";
import { median, spreadOf } from "./statistics.mjs";

/** Windows in which a server compiles what it will need. */
const WARM_UPS = 4;

/**
 * `variants`: `[name, { server, request, node, base, warmUps }]`. `server` goes to `lib/serve.mjs`, or is one that runs already; variants with
 * the same one share a process. `request` goes to `lib/load.mjs`; a function gets the server first. What each is compared with is `base`, and
 * where that is not named the first. Everything is done in `processes` processes after each other. Resolves with a row for each variant.
 */
export async function compare(
  bench,
  variants,
  { processes = bench.processes, windows = bench.windows, ms = bench.ms } = {},
) {
  const samples = variants.map(() => []);
  for (let process = 0; process < processes; process++) {
    const started = new Map();
    try {
      const running = await startAll(bench, variants, started);
      for (const one of running) for (let i = 0; i < (one.warmUps ?? WARM_UPS); i++) await measure(bench, one, ms);
      for (let window = 0; window < windows; window++)
        for (const one of turned(running, window)) one.windows.push(await measure(bench, one, ms));
      for (const [index, one] of running.entries()) samples[index].push(one.windows);
    } finally {
      await Promise.all([...started.values()].map((server) => server.stop()));
    }
  }
  const names = variants.map(([name]) => name);
  return variants.map(([name, { base = names[0] }], index) =>
    rowOf(name, samples[index], base, samples[names.indexOf(base)]),
  );
}

/** Servers come into `started`, by their settings. */
async function startAll(bench, variants, started) {
  const running = [];
  for (const [name, { server, request = {}, node, warmUps }] of variants) {
    const isOwn = server.ask === undefined;
    if (isOwn && !started.has(server))
      started.set(server, await startServer({ ...bench.server, ...server }, { ...bench, nodeArgs: node }));
    const one = { name, server: isOwn ? started.get(server) : server, warmUps, windows: [] };
    running.push({ ...one, request: typeof request === "function" ? request(one.server) : request });
  }
  return running;
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

/**
 * Of a process the windows count that were disturbed least: what else a machine does only ever adds. Differences and ratios are taken between
 * processes that ran side by side, and the median of those is told. Times of waiting are the median of all windows.
 */
function rowOf(name, samples, base, baseSamples) {
  const [least, baseLeast] = [samples.map(leastDisturbed), baseSamples.map(leastDisturbed)];
  const each = (of) => spreadOf(least.map(of));
  const all = samples.flat();
  return {
    name,
    base,
    rate: each(({ rate }) => rate),
    cpu: each(({ cpu }) => cpu),
    thread: each(({ thread }) => thread),
    ownCpu: each(({ cpu }, process) => cpu - baseLeast[process].cpu),
    rateRatio: each(({ rate }, process) => rate / baseLeast[process].rate),
    latency: Object.fromEntries(["p50", "p99", "max"].map((key) => [key, median(all.map((s) => s.latency[key]))])),
    delay: Object.fromEntries(["p99", "max"].map((key) => [key, median(all.map((s) => s.delay[key]))])),
  };
}

function leastDisturbed(windows) {
  const lowest = (of) => Math.min(...windows.map(of));
  return {
    rate: -lowest(({ rate }) => -rate),
    cpu: lowest(({ cpu }) => cpu),
    thread: lowest(({ thread }) => thread),
  };
}

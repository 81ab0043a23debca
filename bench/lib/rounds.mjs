// Measures variants in turn, again and again, so that disturbances by the machine affect all of them.
import { startServer } from "./processes.mjs";
import { median, spreadOf } from "./statistics.mjs";

/** Windows in which a server compiles its code. */
const WARM_UPS = 3;

/**
 * `variants`: `[name, { server, request, node, isPlain, base, warmUps, last }]`.
 * - `server` goes to `lib/serve.mjs`, or is a running one.
 * - `request` goes to `lib/load.mjs`; a function receives the server first.
 * - `base` is the variant for comparison; default the first.
 * - `isPlain` leaves V8 with its default flags.
 * - `last` names a call of the server that ends each window, for work that the responses do not wait for.
 *
 * Everything is done in `processes` processes one after the other; `windowsOf` reduces the windows of one. Resolves to
 * a row for each variant.
 */
export async function compare(
  bench,
  variants,
  { processes = bench.processes, windows = bench.windows, ms = bench.ms, windowsOf = leastDisturbed } = {},
) {
  const samples = variants.map(() => []);
  for (let process = 0; process < processes; process++) {
    const running = [];
    try {
      for (const [name, variant] of variants) running.push(await start(bench, name, variant));
      for (const one of running) for (let i = 0; i < (one.warmUps ?? WARM_UPS); i++) await measure(bench, one, ms);
      for (let window = 0; window < windows; window++)
        for (const one of turned(running, window)) one.windows.push(await measure(bench, one, ms));
      for (const [index, one] of running.entries()) samples[index].push(one.windows);
    } finally {
      await Promise.all(running.map(({ isOwn, server }) => isOwn && server.stop()));
    }
  }
  const names = variants.map(([name]) => name);
  return variants.map(([name, { base = names[0] }], index) =>
    rowOf(name, samples[index], base, samples[names.indexOf(base)], windowsOf),
  );
}

async function start(bench, name, { server, request = {}, node, isPlain, warmUps, last }) {
  const isOwn = server.ask === undefined;
  const started = isOwn
    ? await startServer({ ...bench.server, ...server }, { ...bench, nodeArgs: node, isPlain })
    : server;
  const asked = typeof request === "function" ? request(started) : request;
  return { name, isOwn, server: started, request: asked, warmUps, last, windows: [] };
}

/** One window: the requests of the load, and the CPU time of the server and its main thread. */
export async function measure({ load }, { name, server, request, last }, ms) {
  const { port, headersFile } = server;
  await load.ask("run", { port, headersFile, ms, ...request });
  await server.ask("begin");
  const { count, unexpected, latency, ms: elapsed } = await load.ask("go");
  if (last !== undefined) await server.ask("call", last);
  const { cpuMicros, threadMicros, delay } = await server.ask("end");
  if (unexpected > 0) throw new Error(`${name}: ${unexpected} of ${count} responses had an unexpected status.`);
  return { rate: count / (elapsed / 1000), cpu: cpuMicros / count, thread: threadMicros / count, latency, delay };
}

function turned(list, by) {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

/**
 * Differences and ratios are taken between processes that ran side by side; the row has their medians. Waiting times
 * are the median of all windows.
 */
function rowOf(name, samples, base, baseSamples, windowsOf) {
  const [measured, baseMeasured] = [samples.map(windowsOf), baseSamples.map(windowsOf)];
  const each = (of) => spreadOf(measured.map(of));
  const all = samples.flat();
  return {
    name,
    base,
    rate: each(({ rate }) => rate),
    cpu: each(({ cpu }) => cpu),
    thread: each(({ thread }) => thread),
    ownCpu: each(({ cpu }, process) => cpu - baseMeasured[process].cpu),
    rateRatio: each(({ rate }, process) => rate / baseMeasured[process].rate),
    latency: Object.fromEntries(["p50", "p99", "max"].map((key) => [key, median(all.map((s) => s.latency[key]))])),
    delay: Object.fromEntries(["p99", "max"].map((key) => [key, median(all.map((s) => s.delay[key]))])),
  };
}

/**
 * For work that costs the same in every window: disturbances by the machine only ever add, so the least value counts.
 */
function leastDisturbed(windows) {
  const [rates, cpus, threads] = seriesOf(windows);
  return { rate: Math.max(...rates), cpu: Math.min(...cpus), thread: Math.min(...threads) };
}

/** For servers with work that does not fall into every window, such as long collections and checkpoints. */
export function typical(windows) {
  const [rate, cpu, thread] = seriesOf(windows).map(median);
  return { rate, cpu, thread };
}

function seriesOf(windows) {
  return ["rate", "cpu", "thread"].map((key) => windows.map((window) => window[key]));
}

// The process of one server: starts the given server, and measures itself on request.
import { executionAsyncResource } from "node:async_hooks";
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { writeProfile } from "./profile.mjs";

/**
 * A ticket of `process.nextTick`, kept for ever. A collection of the old generation that finds none makes V8 discard
 * their shape, and each ticket then takes several times as long: by chance, until the process ends, with any library.
 */
process.nextTick(() => {
  globalThis.ticket = executionAsyncResource();
});

const settings = JSON.parse(process.argv[2]);
const { variants } = await import(new URL(`../servers/${settings.server}.mjs`, import.meta.url));
const started = await variants[settings.variant](settings);
writeFileSync(settings.headersFile, JSON.stringify(started.headers));

// A timer fires this long after the one before when nothing delays it.
const RESOLUTION = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION });
let cpu = process.cpuUsage();
let thread = process.threadCpuUsage();

const answers = {
  begin() {
    delay.reset();
    delay.enable();
    cpu = process.cpuUsage();
    thread = process.threadCpuUsage();
  },
  end() {
    const cpuMicros = sum(process.cpuUsage(cpu));
    const threadMicros = sum(process.threadCpuUsage(thread));
    delay.disable();
    return { cpuMicros, threadMicros, delay: { p99: late(delay.percentile(99)), max: late(delay.max) } };
  },
  memory() {
    for (let i = 0; i < 4; i++) globalThis.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { heap: heapUsed + external, rss };
  },
  async call(name) {
    return started.calls[name]();
  },
  /** Writes a CPU profile of the next `ms` into `file`. */
  profile: (file, ms) => writeProfile(file, ms),
};

process.on("message", async ({ ask, args = [] }) => process.send({ answer: (await answers[ask](...args)) ?? null }));
process.on("disconnect", () => process.exit());
process.send({ port: started.port ?? 0, pid: process.pid, readyAfter: performance.now() });

function sum({ user, system }) {
  return user + system;
}

function late(nanoseconds) {
  return Math.max(nanoseconds / 1e6 - RESOLUTION, 0);
}

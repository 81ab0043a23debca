// A million sessions in memory end at one moment: how long is the event loop blocked, and is the memory freed?
import { setTimeout as pause } from "node:timers/promises";
import { startServer } from "../lib/processes.mjs";

export const title = "One million sessions in memory expire at once";

const MEMORY = ["--expose-gc", "--max-old-space-size=8192"];

export async function run(bench) {
  const sessions = Math.ceil(1_000_000 * bench.scale);
  const server = await startServer({ server: "space", variant: "expiry", sessions }, { ...bench, nodeArgs: MEMORY });
  try {
    const empty = await server.ask("memory");
    await server.ask("call", "fill");
    const full = await server.ask("memory");
    // After the collections that "memory" forces, V8 still sweeps on threads of its own, and all share one core: this
    // is not part of the question.
    await pause(2000);
    await server.ask("begin");
    const { removed, ms } = await server.ask("call", "expire");
    const { delay } = await server.ask("end");
    const after = await server.ask("memory");
    return { sessions, removed, ms, maxStall: delay.max, p99: delay.p99, empty, full, after };
  } finally {
    await server.stop();
  }
}

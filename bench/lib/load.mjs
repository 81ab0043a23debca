// The process of the load: keeps connections busy, one request at a time on each, counts and times.
import { readFileSync } from "node:fs";
import { Connection } from "./connection.mjs";

/** Number of headers of each file that were sent. */
const places = new Map();

const answers = {
  /**
   * Sends requests for `ms` over `connections`, each with the next of the headers in the file, from where the last run
   * with it stopped.
   */
  async run({
    port,
    method = "GET",
    path = "/",
    headersFile,
    more = "",
    body = "",
    connections = 64,
    ms,
    status = 200,
  }) {
    const requests = requestsFor({ method, path, headersFile, more, body });
    const times = new Float64Array(4_000_000);
    const run = {
      requests,
      next: places.get(headersFile) ?? 0,
      times,
      count: 0,
      unexpected: 0,
      until: 0,
      isOver: false,
      status: String(status),
    };
    const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
    process.send({ answer: "connected" });
    await new Promise((go) => process.once("message", go));
    const start = performance.now();
    run.until = start + ms;
    stayAwake(run);
    await Promise.all(open.map((connection) => connection.work(run)));
    const elapsed = performance.now() - start;
    run.isOver = true;
    places.set(headersFile, run.next);
    for (const connection of open) connection.close();
    return { ...summary(run), ms: elapsed };
  },
};

/**
 * Waking a sleeping process costs the one that wakes it. Only servers faster than the load would pay that, so the load
 * never sleeps.
 */
function stayAwake(run) {
  if (!run.isOver) setImmediate(stayAwake, run);
}

/** Whole requests as bytes, made before the clock runs. */
function requestsFor({ method, path, headersFile, more, body }) {
  const lengths = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n${lengths}`;
  const lines = headersFile ? JSON.parse(readFileSync(headersFile, "utf8")) : [""];
  return lines.map((line) => Buffer.from(`${head}${more}${line === "" ? "" : `${line}\r\n`}\r\n${body}`, "latin1"));
}

function summary({ count, unexpected, times }) {
  const sorted = times.subarray(0, count).toSorted();
  const at = (part) => sorted[Math.min(Math.floor(count * part), count - 1)] ?? Number.NaN;
  return { count, unexpected, latency: { p50: at(0.5), p99: at(0.99), max: at(1) } };
}

process.on("message", async ({ ask, args }) => {
  if (ask in answers) process.send({ answer: await answers[ask](...args) });
});
process.on("disconnect", () => process.exit());
process.send("ready");

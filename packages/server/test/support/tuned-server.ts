// A program: the real server with shorter limits than the options allow; its parent can make it misbehave.

import { HTTP_LIMITS } from "#dist/http/harden.js";
import { runServer } from "#dist/serve/run-server.js";
import { readConfig } from "./config.ts";
import type { Tuning } from "./server-process.ts";

const {
  stopDeadline = 10_000,
  connectionTimeout = 1500,
  requestTimeout = 2000,
} = JSON.parse(process.env["TUNING"] as string) as Tuning;
const LIMITS = {
  ...HTTP_LIMITS,
  connectionTimeout,
  requestTimeout,
  http: { ...HTTP_LIMITS.http, headersTimeout: 1000, connectionsCheckingInterval: 100 },
};

process.on("message", (message: string) => {
  if (message === "reject") void Promise.reject(new Error(`nobody caught ses_${"x".repeat(72)}`));
  if (message === "throw") throw new Error("nobody caught this");
});
process.channel?.unref();

await runServer(readConfig(process.argv.slice(2), process.env), { limits: LIMITS, stopDeadline });

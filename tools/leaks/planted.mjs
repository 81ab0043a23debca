// A program that leaks on purpose: prints tokens in every way that a program of the tests can. Only `npm run test:long
// -- leaks` runs it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { passwordBytes } from "../../packages/server/dist/identity/users/password.js";
import { formatToken, newSecret, newSid } from "../../packages/sessile/dist/core/token.js";
import { SPELLINGS } from "./self-test.mjs";

const PROGRAM = fileURLToPath(import.meta.url);
const newToken = () => formatToken("ses_", { sid: newSid(), secret: newSecret() });
const newPassword = () => {
  const password = `plänted ${newSid()}`;
  passwordBytes(password);
  return password;
};

const WAYS = {
  all: async () => {
    for (const spell of Object.values(SPELLINGS)) console.log(spell(newToken()), spell(newPassword()));
    process.stderr.write(`${newToken()}\n`);
    writeSync(2, `${newToken()}\n`);
    process.emitWarning(newToken());
    await once(new Worker(PROGRAM, { workerData: "worker" }), "exit");
    execFileSync(process.execPath, [PROGRAM, "print"], { env: {} });
    for (const way of ["print", "throw", "reject"]) await childThat(way);
  },
  worker: () => console.log(newToken()),
  print: () => console.log(newToken()),
  throw: () => setImmediate(() => fail(new Error(newToken()))),
  reject: () => void Promise.reject(Object.assign(new Error("failed"), { args: ["SET", newToken()] })),
};

/** Its output is dropped, as a test may do with output that it does not check. */
async function childThat(way) {
  const child = spawn(process.execPath, [PROGRAM, way], { env: {}, stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.resume();
  await once(child, "close");
}

function fail(error) {
  throw error;
}

if (process.argv[1] === PROGRAM) await WAYS[isMainThread ? (process.argv[2] ?? "all") : workerData]();

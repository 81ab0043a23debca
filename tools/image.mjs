// `npm run test:long -- image`: builds the image of deploy/Dockerfile with Docker or Podman, and runs it as the
// documentation says: without capabilities, on a file system that is read-only but for its volume. `--base IMAGE`
// builds on another image than node:24-slim.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { explain, Problem } from "./ready/problem.mjs";
import { root } from "./ready/repository.mjs";
import { printTotals, say } from "./tests/print.mjs";

const IMAGE = "sessile:test";
const HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
const START_SECONDS = 60;
const USER = { username: "alice", password: randomBytes(16).toString("hex") };

const totals = { passed: 0, failed: 0, skipped: 0 };
try {
  const { values } = parseArgs({ options: { base: { type: "string" } } });
  const engine = findEngine();
  say(`Building with ${engine}…`);
  const base = values.base === undefined ? [] : ["--build-arg", `BASE=${values.base}`];
  engineOf(engine)(["build", "-f", "deploy/Dockerfile", "-t", IMAGE, ...base, "."]);
  await use(engineOf(engine));
} catch (error) {
  totals.failed += 1;
  explain(error);
}
printTotals(totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

function findEngine() {
  const found = ["docker", "podman"].find((each) => spawnSync(each, ["info"]).status === 0);
  if (found === undefined) throw new Problem("Neither docker nor podman runs here.");
  return found;
}

/** A function that runs a command to its end and returns the last line that it printed. */
function engineOf(program) {
  return (args, input = "") => {
    const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: "utf8", input });
    if (status === 0) return stdout.trim().split("\n").at(-1);
    throw new Problem(`${stdout}${stderr}${error ?? ""}\n${program} ${args.join(" ")} failed.`);
  };
}

async function use(engine) {
  const volume = engine(["volume", "create"]);
  const options = [...HARDENED, "--volume", `${volume}:/var/lib/sessile`];
  try {
    engine(["run", "--rm", "--interactive", ...options, IMAGE, "users", "add", USER.username], USER.password);
    const token = await inContainer(engine, options, async ({ id, url }) => {
      const session = await signIn(url);
      check("a user signs in", (await profileStatus(url, session)) === 200);
      check("it does not run as root", engine(["exec", id, "id", "-u"]) !== "0");
      engine(["stop", "-t", "30", id]);
      check("SIGTERM ends it with code 0", engine(["inspect", "--format", "{{.State.ExitCode}}", id]) === "0");
      return session;
    });
    await inContainer(engine, options, async ({ url }) => {
      check("the next container knows the session", (await profileStatus(url, token)) === 200);
    });
  } finally {
    engine(["volume", "rm", volume]);
  }
}

/** Runs `work` with a container that is ready, and removes the container. */
async function inContainer(engine, options, work) {
  const id = engine(["run", "--detach", "--publish", "127.0.0.1::8000", ...options, IMAGE]);
  try {
    const url = `http://${engine(["port", id, "8000"])}`;
    if (await isReady(url)) return await work({ id, url });
    throw new Problem(`${engine(["logs", id])}\nIt was not ready within ${START_SECONDS} s.`);
  } finally {
    engine(["rm", "--force", id]);
  }
}

async function isReady(url) {
  for (const until = Date.now() + START_SECONDS * 1000; Date.now() < until; await pause(100)) {
    const response = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (response?.ok) return true;
  }
  return false;
}

async function signIn(url) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/login`, { method: "POST", headers, body: JSON.stringify(USER) });
  return (await response.json()).session_token;
}

async function profileStatus(url, token) {
  return (await fetch(`${url}/profile`, { headers: { "x-session-token": token } })).status;
}

function check(name, isSo) {
  totals[isSo ? "passed" : "failed"] += 1;
  say(`  ${isSo ? "ok  " : "FAIL"}  ${name}`);
}

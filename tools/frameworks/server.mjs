// Starts a built application on a free port, and ends it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { Problem } from "../ready/problem.mjs";

const START_SECONDS = 120;

/** @returns its address, its output so far, and a function that ends it */
export async function startApp(app, node, folder) {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const [program, ...args] = app.start(port);
  const script = program.includes("/") ? program : join("node_modules/.bin", program);
  const env = { ...process.env, NODE_ENV: "production", HOST: "127.0.0.1", PORT: port };
  const child = spawn(node, [script, ...args], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const end = async () => {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    kill();
    await exited;
  };
  if (await answers(url, child)) return { url, output: () => output, end };
  await end();
  throw new Problem(`${output}\n${app.name} did not answer on ${url}.`);
}

async function answers(url, child) {
  const until = Date.now() + START_SECONDS * 1000;
  while (child.exitCode === null && Date.now() < until) {
    const response = await fetch(url).catch(() => undefined);
    if (response) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

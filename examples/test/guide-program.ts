// A program of the guide, started as a user would start it, and a browser that uses it.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "sessile-test-support/folder";
import { freePort } from "sessile-test-support/free-port";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILT = join(ROOT, "examples/build-test/guide");
/** As strict as a new user's project. Each program is one of its own, as the type of its sessions is. */
const STRICT =
  "--ignoreConfig --strict --declaration --skipLibCheck --module nodenext --target es2022 --types node".split(" ");

export interface Program {
  readonly url: string;
  /** Sends a signal, and resolves to the code that the program ends with. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const compiled = new Map<string, Promise<string>>();

/** Two programs must not be written to one file while one of them starts from it. */
function compileOnce(name: string): Promise<string> {
  const file = compiled.get(name) ?? compile(name);
  compiled.set(name, file);
  return file;
}

async function compile(name: string): Promise<string> {
  const files = [`examples/${name}.ts`, "examples/second-names.d.ts"];
  const options = [...STRICT, "--rootDir", "examples", "--outDir", BUILT, ...files];
  await promisify(execFile)(join(ROOT, "node_modules/.bin/tsc"), options, { cwd: ROOT }).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => assert.fail(`${stdout}${stderr}`),
  );
  return join(BUILT, `${name}.js`);
}

/**
 * Compiles a program of `examples/guide`, or of another folder of `examples` when `name` has one, and starts it in an empty
 * folder, on the port of `env` or a free one. It ends with the test.
 */
export async function start(test: TestContext, name: string, env: Record<string, string> = {}): Promise<Program> {
  const file = await compileOnce(name.includes("/") ? name : `guide/${name}`);
  const port = env["PORT"] ?? String(await freePort());
  const child = spawn(process.execPath, [file], {
    cwd: temporaryFolder(),
    env: { ...process.env, ...env, PORT: port },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const exited = once(child, "exit") as Promise<[number | null]>;
  test.after(async () => {
    child.kill("SIGKILL");
    await exited;
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return (await exited)[0];
  };
  const url = `http://localhost:${port}`;
  while (child.exitCode === null) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return { url, end };
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return assert.fail(`${name} ended with code ${child.exitCode}.`);
}

/** Keeps cookies, by origin, and follows no redirect by itself. */
export class Browser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async send(address: string, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(address);
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...(init.headers as Record<string, string>), ...(cookie !== "" && { cookie }) };
    const response = await fetch(address, { redirect: "manual", ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  async json(address: string): Promise<unknown> {
    return (await this.send(address)).json();
  }

  post(address: string, body?: unknown): Promise<Response> {
    if (body === undefined) return this.send(address, { method: "POST" });
    if (body instanceof URLSearchParams) return this.send(address, { method: "POST", body });
    const headers = { "content-type": "application/json" };
    return this.send(address, { method: "POST", headers, body: JSON.stringify(body) });
  }
}

/** The absolute address that a response redirects the browser to. */
export function locationOf(response: Response): string {
  const location = response.headers.get("location");
  assert.ok(location !== null, `${response.status} sends the browser nowhere`);
  return new URL(location, response.url).href;
}

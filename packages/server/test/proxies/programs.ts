// nginx, Caddy, FastAPI and the small app behind them, each in a process of its own.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "sessile-test-support/folder";
import { freePort } from "sessile-test-support/free-port";
import { atExit } from "sessile-test-support/redis-program";

const EXAMPLES = fileURLToPath(new URL("../../../../examples/", import.meta.url));

/**
 * Why the tests behind a proxy cannot run here; `false` when they can. `npm test` looks for the programs, and fails in
 * CI without them.
 */
export function missingFor(proxy: "NGINX" | "CADDY"): string | false {
  const missing = process.env[`SESSILE_${proxy}_MISSING`];
  if (missing) return missing;
  const isThere = process.env[`SESSILE_${proxy}`] && process.env["SESSILE_PYTHON"];
  return isThere ? false : `SESSILE_${proxy} and SESSILE_PYTHON are not set: run this with \`npm test -- proxies\``;
}

export interface Program {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The addresses of the programs behind a proxy. */
export interface Urls {
  readonly sessile: string;
  readonly typescript: string;
  readonly fastapi: string;
}

/** `examples/nginx/nginx.conf` as it is, but for the ports; `settings` are those of nginx around it. */
export async function startNginx(urls: Urls, settings = ""): Promise<Program> {
  const port = await freePort();
  return runNginx(port, settings + configured("nginx/nginx.conf", port, urls));
}

/**
 * An nginx that serves all of Sessile below `/prefix/`, by decoding and merging the path as it does when it replaces a
 * part of it.
 */
export async function startPrefixNginx(sessile: string): Promise<Program> {
  const port = await freePort();
  const proxy = `proxy_pass ${sessile}/; proxy_set_header Host $http_host;`;
  return runNginx(port, `server { listen 127.0.0.1:${port}; location /prefix/ { ${proxy} } }`);
}

function runNginx(port: number, site: string): Promise<Program> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "site.conf"), site);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, "nginx.conf"),
    `daemon off; master_process off; pid ${folder}/pid; events { worker_connections 256; }
     http { access_log off; ${temporary.join(" ")} include ${folder}/site.conf; }`,
  );
  const libraries = process.env["SESSILE_NGINX_LIBRARY_PATH"];
  return start(`http://127.0.0.1:${port}`, process.env["SESSILE_NGINX"] ?? "nginx", {
    args: ["-p", folder, "-e", "stderr", "-c", join(folder, "nginx.conf")],
    env: libraries ? { LD_LIBRARY_PATH: libraries } : {},
  });
}

/** `examples/caddy/Caddyfile` as it is, but for the ports, and for what `adapt` makes of Caddy's own configuration. */
export async function startCaddy(urls: Urls, adapt: (config: object) => object = (config) => config): Promise<Program> {
  const folder = temporaryFolder();
  const port = await freePort();
  const command = process.env["SESSILE_CADDY"] ?? "caddy";
  // Caddy's own interface would take a port that is the same for all, and its own notes go elsewhere.
  const options = "{\n\tadmin off\n\tlog {\n\t\tlevel ERROR\n\t}\n}\n";
  writeFileSync(join(folder, "Caddyfile"), options + configured("caddy/Caddyfile", port, urls));
  const adapted = spawnSync(command, ["adapt", "--config", join(folder, "Caddyfile")], { encoding: "utf8" });
  writeFileSync(join(folder, "caddy.json"), JSON.stringify(adapt(JSON.parse(adapted.stdout) as object)));
  return start(`http://127.0.0.1:${port}`, command, {
    args: ["run", "--config", join(folder, "caddy.json")],
    env: { HOME: folder },
  });
}

function configured(example: string, port: number, { sessile, typescript, fastapi }: Urls): string {
  return readFileSync(join(EXAMPLES, example), "utf8")
    .replaceAll("127.0.0.1:8080", `127.0.0.1:${port}`)
    .replaceAll("127.0.0.1:8000", new URL(sessile).host)
    .replaceAll("127.0.0.1:3001", new URL(typescript).host)
    .replaceAll("127.0.0.1:3002", new URL(fastapi).host);
}

/** `examples/fastapi`, which uses the Sessile at `sessile` with `key`. */
export async function startFastApi(sessile: string, key: string): Promise<Program> {
  const port = await freePort();
  const uvicorn = ["-m", "uvicorn", "app:app", "--app-dir", join(EXAMPLES, "fastapi")];
  return start(`http://127.0.0.1:${port}`, process.env["SESSILE_PYTHON"] ?? "python3", {
    args: [...uvicorn, "--host", "127.0.0.1", "--port", String(port), "--log-level", "warning"],
    env: {
      SESSILE_URL: sessile,
      SESSILE_KEY: key,
      PYTHONPATH: process.env["SESSILE_PYTHON_PATH"] ?? "",
      PYTHONDONTWRITEBYTECODE: "1",
    },
  });
}

/** `examples/nginx/app.ts`. */
export async function startTypeScript(): Promise<Program> {
  const port = await freePort();
  const args = [join(EXAMPLES, "dist/nginx/app.js")];
  return start(`http://127.0.0.1:${port}`, process.execPath, { args, env: { PORT: String(port) } });
}

async function start(
  url: string,
  command: string,
  { args, env }: { readonly args: readonly string[]; readonly env: Record<string, string> },
): Promise<Program> {
  const child = spawn(command, [...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const forget = atExit(() => child.kill("SIGKILL"));
  child.once("exit", forget);
  await untilAnswering(url, child);
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  return { url, close };
}

async function untilAnswering(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const isAnswering = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isAnswering) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${child.spawnfile} ended with ${child.exitCode} before it answered.`);
}

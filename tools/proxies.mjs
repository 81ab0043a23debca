// Finds nginx, Caddy and a Python with FastAPI for the tests behind a proxy, or downloads them where the system allows
// it. Starts none.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { bringFromDebian, broughtBefore } from "./debian/bring.mjs";
import { findOnPath } from "./programs/path.mjs";
import { worksOr } from "./programs/verify.mjs";
import { inRoot } from "./ready/repository.mjs";

const NGINX = {
  package: "nginx",
  purpose: "the tests behind nginx",
  megabytes: 2,
  path: "usr/sbin/nginx",
  home: inRoot(".cache/nginx"),
  probe: ["-v"],
  advice: "The tests behind nginx need it. Install it (apt-get install nginx), or set SESSILE_NGINX to its path.",
};

const CADDY = {
  package: "caddy",
  purpose: "the tests behind Caddy",
  megabytes: 40,
  path: "usr/bin/caddy",
  home: inRoot(".cache/caddy"),
  probe: ["version"],
  advice: "The tests behind Caddy need it. Install it (apt-get install caddy), or set SESSILE_CADDY to its path.",
};

const SYSTEM_PYTHON = "/usr/bin/python3";
const PYTHON = {
  package: "python3-fastapi python3-uvicorn python3-httpx",
  purpose: "the tests of examples/fastapi",
  megabytes: 8,
  home: inRoot(".cache/fastapi"),
  probe: ["-c", "import fastapi, uvicorn, httpx"],
  advice: `The tests of examples/fastapi need Debian's ${SYSTEM_PYTHON} and the packages python3-fastapi, python3-uvicorn and
python3-httpx; or set SESSILE_PYTHON to a Python that has them.`,
  // Debian's packages hold no interpreter, but modules for the system's own.
  programIn: (home) => ({
    command: SYSTEM_PYTHON,
    env: { PYTHONPATH: join(home, "root/usr/lib/python3/dist-packages") },
  }),
};

/** The environment for tests: the programs and how to start them, or the reason why there are none. */
export async function proxiesEnv() {
  const [nginx, caddy, python] = [
    await find(NGINX, [process.env.SESSILE_NGINX, findOnPath("nginx")]),
    await find(CADDY, [process.env.SESSILE_CADDY, findOnPath("caddy")]),
    await find(PYTHON, [process.env.SESSILE_PYTHON, findOnPath("python3"), SYSTEM_PYTHON]),
  ];
  return {
    SESSILE_NGINX: nginx.command ?? "",
    SESSILE_NGINX_LIBRARY_PATH: nginx.env?.LD_LIBRARY_PATH ?? "",
    SESSILE_NGINX_MISSING: nginx.missing ?? python.missing ?? "",
    SESSILE_CADDY: caddy.command ?? "",
    SESSILE_CADDY_MISSING: caddy.missing ?? python.missing ?? "",
    SESSILE_PYTHON: python.command ?? "",
    SESSILE_PYTHON_PATH: python.env?.PYTHONPATH ?? "",
  };
}

/** The first that runs: named in the environment, on PATH, downloaded earlier, or in Debian's packages. */
async function find(wanted, commands) {
  for (const command of commands.filter(Boolean)) {
    const program = await worksOr({ command, env: {}, probe: wanted.probe }, "").catch(() => undefined);
    if (program) return program;
  }
  return (await broughtBefore(wanted)) ?? bring(wanted);
}

/** A failure ends a run in CI; elsewhere it prints a message, and the tests that need the program are skipped. */
async function bring(wanted) {
  if (wanted === PYTHON && !existsSync(SYSTEM_PYTHON)) return { missing: wanted.advice };
  try {
    return (await bringFromDebian(wanted, wanted.advice)) ?? { missing: wanted.advice };
  } catch (error) {
    if (process.env.CI) throw error;
    return { missing: error.message };
  }
}

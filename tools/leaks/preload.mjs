// A module that every process of `npm run test:long -- leaks` loads first: records each secret and password, and all
// output of the process and its children. The packages contain nothing for it.
import { appendFileSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { isMainThread, threadId } from "node:worker_threads";
import { instrumentChildren } from "./children.mjs";
import { passwordOfUrl } from "./passwords.mjs";
import { tee } from "./tee.mjs";

const { SESSILE_LEAKS_FOLDER: folder, SESSILE_LEAKS_FILE: file = "unknown" } = process.env;
const name = `${file.replace(/[^\w.-]+/g, "_")}.${process.pid}.${threadId}.${Date.now()}`;
const append = appendFileSync;

/** One JSON text a line. */
const writeSecret = (kind, text) => append(join(folder, `${name}.secrets`), `${JSON.stringify([kind, text])}\n`);
const writeOutput = (bytes) => append(join(folder, `${name}.output`), bytes);

/** The functions that take or return a secret; the source of each is wrapped while it is loaded. */
const WATCHED = [
  { url: /\/sessile\/dist\/core\/token\.js$/, name: "formatToken", kind: "token", secretOf: "result" },
  { url: /\/server\/dist\/users\/password\.js$/, name: "passwordBytes", kind: "password", secretOf: "args[0]" },
];

globalThis[Symbol.for("sessile.leaks")] = writeSecret;
writeOutput("");
if (isMainThread) forceTrace(process.argv);
for (const password of passwordsGiven()) writeSecret("password", password);
// An older Node has no hooks. Only npm and compilers run on it in the tests, and they make no token.
module.registerHooks?.({ load: (url, context, next) => watch(url, next(url, context)) });
tee(writeOutput);
instrumentChildren(writeOutput);

function watch(url, loaded) {
  const watched = WATCHED.find((each) => each.url.test(url));
  if (watched === undefined) return loaded;
  const source = String(loaded.source);
  const plain = source.replace(`export function ${watched.name}(`, `function plain_${watched.name}(`);
  if (plain === source) throw new Error(`${url} has no ${watched.name} to watch`);
  return { ...loaded, source: plain + wrapper(watched) };
}

function wrapper({ name, kind, secretOf }) {
  return `
export function ${name}(...args) {
  const result = plain_${name}(...args);
  globalThis[Symbol.for("sessile.leaks")]("${kind}", ${secretOf});
  return result;
}`;
}

/** Raises any valid log level that a test asks for to the most detailed one. */
function forceTrace(argv) {
  const levels = /^(--log-level=)?(debug|info|warn|error|silent)$/;
  for (const [at, text] of argv.entries()) {
    const isValue = argv[at - 1] === "--log-level" || text.startsWith("--log-level=");
    if (isValue) argv[at] = text.replace(levels, "$1trace");
  }
  process.env.SESSILE_LOG_LEVEL ??= "trace";
}

function passwordsGiven() {
  return [...process.argv, process.env.SESSILE_STORE ?? ""].flatMap((text) => passwordOfUrl(text) ?? []);
}

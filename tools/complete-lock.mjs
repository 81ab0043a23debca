// Adds to package-lock.json the optional packages of other platforms that npm left out, and asks the registry for each
// missing hash. Without the packages `npm ci` refuses the lock file; without a hash it installs whatever it receives.
// Run it after `npm install` changed a version. An argument names a folder other than the root.
import { readFileSync, writeFileSync } from "node:fs";
import { npm } from "./ready/command.mjs";
import { inRoot } from "./ready/repository.mjs";

const FILE = inRoot(process.argv[2] ?? ".", "package-lock.json");
/** A package for Windows whose name does not end like the others. */
const WINDOWS = /^napi-windows-/;
const PLATFORM = /(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(\w+)(?:-(\w+))?$/;

const lock = JSON.parse(readFileSync(FILE, "utf8"));
const missing = Object.values(lock.packages).flatMap(missingOf);
lock.packages = sorted({ ...lock.packages, ...Object.fromEntries(missing) });
const unknown = await addHashes(Object.entries(lock.packages));
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${missing.length} packages of other platforms were added to package-lock.json.`);
if (unknown.length > 0) console.log(`The registry has no hash of ${unknown.join(", ")}.`);

/** Gives every package from the registry its hash; returns the names of packages that the registry does not have. */
async function addHashes(entries) {
  const without = entries.filter(
    ([path, { link, integrity }]) => path.includes("node_modules/") && !link && !integrity,
  );
  const unknown = [];
  for (const [path, found] of without) {
    const name = `${found.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)}@${found.version}`;
    const { code, output } = await npm(["view", name, "dist.integrity"]);
    const [hash] = /\bsha512-[A-Za-z0-9+/]{86}==/.exec(output) ?? [];
    if (code === 0 && hash) lock.packages[path] = withHash(found, hash);
    else unknown.push(name);
  }
  return unknown;
}

/** In npm's own order. */
function withHash({ version, ...rest }, integrity) {
  return { version, integrity, ...rest };
}

function missingOf({ optionalDependencies = {}, dev }) {
  const absent = Object.entries(optionalDependencies).filter(([name]) => !lock.packages[`node_modules/${name}`]);
  return absent.map(([name, range]) => [`node_modules/${name}`, entry(name, range.replace(/^[\^~]/, ""), dev)]);
}

/** The entry that npm itself would write, without the hash. */
function entry(name, version, dev) {
  if (WINDOWS.test(name)) return { version, ...(dev && { dev }), optional: true, os: ["win32"] };
  const [, os, cpu, variant = ""] = PLATFORM.exec(name) ?? [];
  if (!os) throw new Error(`${name} does not end with the name of a platform, so it must be installed by npm.`);
  const libc = variant.startsWith("musl") ? { libc: ["musl"] } : variant.startsWith("gnu") ? { libc: ["glibc"] } : {};
  return { version, cpu: [cpu], ...(dev && { dev }), ...libc, optional: true, os: [os] };
}

function sorted(packages) {
  return Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en")));
}

// Adds to package-lock.json the optional packages of other platforms that npm left out because the registry it asked
// does not have them. Without them `npm ci` refuses the lock file. Run it after `npm install` changed a version; a folder after the
// command's name takes the place of the root.
import { readFileSync, writeFileSync } from "node:fs";
import { inRoot } from "./ready/repository.mjs";

const FILE = inRoot(process.argv[2] ?? ".", "package-lock.json");
/** A package for Windows whose name does not end like the others. */
const WINDOWS = /^napi-windows-/;
const PLATFORM = /(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-(\w+)(?:-(\w+))?$/;

const lock = JSON.parse(readFileSync(FILE, "utf8"));
const missing = Object.values(lock.packages).flatMap(missingOf);
lock.packages = sorted({ ...lock.packages, ...Object.fromEntries(missing) });
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${missing.length} packages of other platforms were added to package-lock.json.`);

function missingOf({ optionalDependencies = {}, dev }) {
  const absent = Object.entries(optionalDependencies).filter(([name]) => !lock.packages[`node_modules/${name}`]);
  return absent.map(([name, range]) => [`node_modules/${name}`, entry(name, range.replace(/^[\^~]/, ""), dev)]);
}

/** What npm itself writes, but for the hash, which only the registry knows. */
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

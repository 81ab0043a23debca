// `npm run measure -- design`: the size and shape of the code beside the goals, as a table in Markdown. `--cpu` also
// runs `npm test` and counts its CPU. `--json` prints the values, `--base FILE` shows such values beside the present
// ones, `--root FOLDER` measures another checkout that is built, `--functions STORE` (memory, SQLite, Redis, cached)
// lists the functions that each request enters.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { root as here, inRoot } from "../ready/repository.mjs";
import { readProject } from "./design/source.mjs";

const { values: options } = parseArgs({
  options: {
    base: { type: "string" },
    cpu: { type: "boolean" },
    functions: { type: "string" },
    json: { type: "boolean" },
    root: { type: "string", default: here },
  },
});
const { root } = options;
const manifest = JSON.parse(readFileSync(join(root, "packages/sessile/package.json"), "utf8"));

const GOALS = {
  "core: code lines": "≤ 1,500",
  "core: files": "≤ 18",
  "core: type names": "≤ 45",
  "library without testing: code lines": "≤ 6,900",
  "SQLite store: code lines": "≤ 900",
  "Redis store: code lines": "≤ 1,500",
  "cache: code lines": "≤ 500",
  "function length, p90": "≤ 15",
  "function length, longest": "≤ 60",
  "public names": "≤ 110",
  "public names of the main entry": "≤ 25",
  "files that name a Redis client library": "",
  "their code lines": "≤ 300 a library",
  "server: folder pairs that import each other": "0",
  "server: runtime import cycles": "0",
  "npm scripts": "≤ 10",
  "comment sentences that begin with a relative clause": "≤ 1 %",
  "nobody, somebody, everybody, anybody, whoever in comments": "≤ 10",
  "npm test: CPU minutes": "≤ 6",
  "memory, read: functions / files": "≤ 60 / ≤ 16",
  "Redis, set and commit: functions / files": "≤ 120 / ≤ 24",
};

if (options.functions !== undefined) {
  console.log(listOf(enteredOn(options.functions)));
  process.exit();
}
const values = { ...sizes(), ...entered(), ...(options.cpu ? { "npm test: CPU minutes": cpuOfTests() } : {}) };
if (options.json) console.log(JSON.stringify(values, null, 1));
else console.log(tableOf(values));

function sizes() {
  const project = (name, use) => readProject(join(root, "packages", name, "tsconfig.json"), use);
  const below = (name) => (file) => ({ ...file, path: relative(join(root, "packages", name, "src"), file.path) });
  const library = project("sessile", ({ files, exportsOf }) => ({
    files: files.map(below("sessile")),
    exports: Object.fromEntries(entries().map(([name, path]) => [name, exportsOf(path)])),
  }));
  const server = project("server", ({ files }) => files.map(below("server")));
  const all = [...library.files, ...server];
  return {
    ...libraryOf(library.files),
    ...functionsOf(all),
    ...namesOf(library.exports),
    ...serverOf(server),
    ...proseOf(all),
  };
}

function libraryOf(files) {
  const inFolder = (folder) => files.filter(({ path }) => path.startsWith(folder));
  const core = inFolder("core/");
  const naming = files.filter(({ code }) => /ioredis|node-redis|@redis\//i.test(code));
  // Modules beside the folders of the stores count with each store that imports them.
  const store = (name) => {
    const own = inFolder(`stores/${name}/`);
    const used = own.flatMap(({ imports }) =>
      imports.map(({ target }) => target.replace(/^\.\.\/(?=[^/]+$)/, "stores/")),
    );
    return linesOf([...own, ...files.filter(({ path }) => used.includes(path))]);
  };
  return {
    "core: code lines": linesOf(core),
    "core: files": core.length,
    "core: type names": core.flatMap(({ types }) => types).length,
    "library without testing: code lines": linesOf(files.filter(({ path }) => !path.startsWith("testing/"))),
    "SQLite store: code lines": store("sqlite"),
    "Redis store: code lines": store("redis"),
    "cache: code lines": linesOf(inFolder("stores/cached/")),
    "files that name a Redis client library": naming.length,
    "their code lines": linesOf(naming),
  };
}

function linesOf(files) {
  return files.reduce((sum, { lines }) => sum + lines, 0);
}

function functionsOf(files) {
  const lengths = files.flatMap(({ functions }) => functions).sort((a, b) => a - b);
  return {
    "function length, p90": lengths[Math.floor(lengths.length * 0.9)],
    "function length, longest": lengths.at(-1),
  };
}

/** The entry points of the library, and the source of each. */
function entries() {
  const code = Object.entries(manifest.exports).filter(([, path]) => path.endsWith(".js"));
  const sourceOf = (path) => join(root, "packages/sessile", path.replace("/dist/", "/src/").replace(/\.js$/, ".ts"));
  return code.map(([name, path]) => [name.replace(".", "sessile"), sourceOf(path)]);
}

function namesOf({ sessile, ...others }) {
  return {
    "public names": [sessile, ...Object.values(others)].flat().length,
    "public names of the main entry": sessile.length,
    ...Object.fromEntries(Object.entries(others).map(([name, names]) => [`public names of ${name}`, names.length])),
    "npm scripts": Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts).length,
  };
}

function serverOf(files) {
  const edges = files.flatMap(({ path, imports }) =>
    imports
      .filter(({ target }) => target.startsWith("."))
      .map(({ target, isType }) => ({ from: path, to: join(dirname(path), target), isType })),
  );
  const folderOf = (path) => (path.includes("/") ? path.split("/")[0] : ".");
  const pairs = new Set(edges.map(({ from, to }) => `${folderOf(from)} ${folderOf(to)}`));
  const mutual = [...pairs].filter((pair) => {
    const [from, to] = pair.split(" ");
    return from < to && pairs.has(`${to} ${from}`);
  });
  return {
    "server: folder pairs that import each other": mutual.length,
    "server: runtime import cycles": cyclesOf(edges.filter(({ isType }) => !isType)),
  };
}

/** The number of groups of files that all reach one another. */
function cyclesOf(edges) {
  const next = Map.groupBy(edges, ({ from }) => from);
  const reach = (start) => {
    const seen = new Set();
    const waiting = [start];
    for (const at of waiting) {
      for (const { to } of next.get(at) ?? []) if (!seen.has(to) && seen.add(to)) waiting.push(to);
    }
    return seen;
  };
  const reached = new Map([...next.keys()].map((file) => [file, reach(file)]));
  const groupOf = (file) => [...reached.get(file)].filter((other) => reached.get(other)?.has(file)).sort();
  const cyclic = [...reached.keys()].filter((file) => reached.get(file).has(file));
  return new Set(cyclic.map((file) => groupOf(file).join())).size;
}

function proseOf(files) {
  const comments = files.flatMap(({ comments }) => comments);
  const sentences = comments.flatMap((text) => text.split(/(?<=[.!?])\s+/)).filter((text) => /[a-z]/i.test(text));
  const relative = sentences.filter((text) => /^(What|Who|Whoever|Whatever|Where|Whichever|Whose)\b/.test(text));
  const words = comments.join("\n").match(/\b(nobody|somebody|everybody|anybody|whoever)\b/gi) ?? [];
  return {
    "comment sentences that begin with a relative clause": `${((relative.length / sentences.length) * 100).toFixed(1)} %`,
    "nobody, somebody, everybody, anybody, whoever in comments": words.length,
  };
}

/** Number of functions and files of the library that one request enters, for each store. */
function entered() {
  const found = {};
  for (const store of ["memory", "SQLite", "Redis", "cached"]) {
    for (const [name, files] of Object.entries(enteredOn(store)))
      found[`${store}, ${name}: functions / files`] =
        `${Object.values(files).flat().length} / ${Object.keys(files).length}`;
  }
  return found;
}

/** The names of these functions, by request and file. */
function enteredOn(store) {
  const program = join(root, relative(here, inRoot("tools/measure/design/entered.mjs")));
  return JSON.parse(execFileSync(process.execPath, [program, store], { encoding: "utf8" }));
}

function listOf(requests) {
  const lines = Object.entries(requests).map(([request, files]) => {
    return [`${request}:`, ...Object.entries(files).map(([file, names]) => `  ${file}: ${names.join(", ")}`)].join(
      "\n",
    );
  });
  return lines.join("\n\n");
}

/** On Linux: the time of all processes that `npm test` started and waited for. */
function cpuOfTests() {
  const { status } = spawnSync("npm", ["test"], { cwd: root, stdio: ["ignore", 2, 2] });
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
  const seconds = (Number(fields[13]) + Number(fields[14])) / 100;
  return `${(seconds / 60).toFixed(1)}${status === 0 ? "" : " (it failed)"}`;
}

function tableOf(values) {
  const base = options.base === undefined ? undefined : JSON.parse(readFileSync(options.base, "utf8"));
  const columns = ["", ...(base ? ["before"] : []), "now", "goal"];
  const rows = Object.keys({ ...base, ...values }).map((name) => {
    const shown = [...(base ? [base[name]] : []), values[name]].map((value) => value?.toLocaleString("en") ?? "");
    return [name, ...shown, GOALS[name] ?? ""];
  });
  return [columns, columns.map((_, at) => (at === 0 ? "---" : "--:")), ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n");
}

// The bundlers: how each makes one file, or one folder, of the program. All packages but esbuild are those of this
// folder's lock file.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "../ready/command.mjs";
import { Problem } from "../ready/problem.mjs";

/**
 * @typedef {object} Bundler
 * @property {string} name
 * @property {(folder: string, out: string) => Promise<string[]>} build bundles the program in `folder` into the folder
 *   `out`, and returns the arguments with which Node runs it
 * @property {boolean} [isInPlace] the bundle stays in `folder`
 */

/** @type {Bundler[]} */
export const BUNDLERS = [
  { name: "esbuild, esm", build: (folder, out) => esbuild(folder, join(out, "program.mjs"), { format: "esm" }) },
  {
    name: "esbuild, cjs, minified",
    build: (folder, out) => esbuild(folder, join(out, "program.cjs"), { format: "cjs", minify: true }),
  },
  { name: "rollup, es", build: (folder, out) => rollup(folder, join(out, "program.mjs"), "es") },
  { name: "rollup, cjs", build: (folder, out) => rollup(folder, join(out, "program.cjs"), "cjs") },
  { name: "webpack", build: webpack },
  { name: "ncc", build: ncc },
  { name: "next, webpack", isInPlace: true, build: (folder) => next(folder, ["--webpack"]) },
  { name: "next, turbopack", isInPlace: true, build: (folder) => next(folder, ["--turbopack"]) },
];

const PROGRAM = "program.mjs";

/** The package that is installed in `folder`. */
function load(folder, name) {
  return import(pathToFileURL(createRequire(join(folder, PROGRAM)).resolve(name)));
}

async function esbuild(folder, outfile, options) {
  const { build } = await import("esbuild");
  // A bundle of modules that holds CommonJS needs a `require`, as esbuild's documentation says.
  const banner = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;
  await build({
    entryPoints: [join(folder, PROGRAM)],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    logLevel: "silent",
    ...(options.format === "esm" && { banner: { js: banner } }),
    ...options,
  });
  return [outfile];
}

async function rollup(folder, file, format) {
  const [{ rollup }, resolve, commonjs, json] = await Promise.all(
    ["rollup", "@rollup/plugin-node-resolve", "@rollup/plugin-commonjs", "@rollup/plugin-json"].map((name) =>
      load(folder, name),
    ),
  );
  const plugins = [resolve.default({ preferBuiltins: true }), commonjs.default(), json.default()];
  const bundle = await rollup({ input: join(folder, PROGRAM), plugins, onwarn() {} });
  await bundle.write({ file, format, inlineDynamicImports: true });
  return [file];
}

async function webpack(folder, out) {
  const { default: webpack } = await load(folder, "webpack");
  const config = {
    context: folder,
    entry: `./${PROGRAM}`,
    mode: "production",
    target: "node20",
    output: { path: out, filename: "program.cjs" },
  };
  const stats = await new Promise((resolve, reject) =>
    webpack(config, (error, result) => (error ? reject(error) : resolve(result))),
  );
  if (stats.hasErrors()) throw new Problem(stats.toString({ all: false, errors: true }));
  return [join(out, "program.cjs")];
}

async function ncc(folder, out) {
  const cli = join(folder, "node_modules/@vercel/ncc/dist/ncc/cli.js");
  await must([cli, "build", PROGRAM, "--out", out, "--quiet"], folder);
  const [file] = ["index.mjs", "index.js"].map((name) => join(out, name)).filter(existsSync);
  return [file];
}

async function next(folder, flags) {
  const cli = join(folder, "node_modules/next/dist/bin/next");
  await must([cli, "build", ...flags], folder);
  return [cli, "start", "--hostname", "127.0.0.1", "--port", "0"];
}

async function must(args, cwd) {
  const env = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
  const { code, output } = await run(process.execPath, args, { cwd, env });
  if (code !== 0) throw new Problem(`${output}\n${args.join(" ")} failed in ${cwd}.`);
}

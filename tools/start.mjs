// `npm start`: makes everything ready, then runs the server in its place.
import { run } from "./ready/command.mjs";
import { runInPlace } from "./ready/in-place.mjs";
import { requireNode20 } from "./ready/node-version.mjs";
import { installServing } from "./ready/packages.mjs";
import { explain, Problem } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { findRuntime } from "./ready/runtime.mjs";
import { runScript } from "./ready/script.mjs";

try {
  requireNode20();
  const [node, hasCompiler] = await Promise.all([findRuntime(), installServing()]);
  if (hasCompiler) await runScript("build", "packages/server");
  else await buildWithoutCompiler(node);
  process.exit(await runInPlace(node, [inRoot("packages/server/dist/cli.js"), "serve", ...process.argv.slice(2)]));
} catch (error) {
  explain(error);
  process.exitCode = 1;
}

/** The admin page, and JavaScript of the library and the server. */
async function buildWithoutCompiler(node) {
  for (const program of ["packages/server/admin/build.mjs", "tools/strip-types.mjs"]) {
    const { code, output } = await run(node, ["--disable-warning=ExperimentalWarning", inRoot(program)]);
    if (code !== 0) throw new Problem(`${output}\n${program} failed.`);
  }
}

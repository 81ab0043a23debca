// `npm start`: makes everything ready, then runs the server in its place.
import { runInPlace } from "./ready/in-place.mjs";
import { requireNode20 } from "./ready/node-version.mjs";
import { installPackages } from "./ready/packages.mjs";
import { explain } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { findRuntime } from "./ready/runtime.mjs";
import { runScript } from "./ready/script.mjs";

try {
  requireNode20();
  const build = () => runScript("build", "packages/server");
  const [node] = await Promise.all([findRuntime(), installPackages().then(build)]);
  process.exit(await runInPlace(node, [inRoot("packages/server/dist/cli.js"), "serve", ...process.argv.slice(2)]));
} catch (error) {
  explain(error);
  process.exitCode = 1;
}

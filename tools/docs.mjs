// `npm run docs`: writes the pages that are made from code and results, then serves the site on this machine, with
// every change of a page shown at once. `-- --pages` only writes; `-- --build [FOLDER]` makes the site as it is
// published.

import { runInPlace } from "./ready/in-place.mjs";
import { requireNode20 } from "./ready/node-version.mjs";
import { installFolder, installPackages } from "./ready/packages.mjs";
import { explain, Problem } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { findRuntime } from "./ready/runtime.mjs";
import { runScript } from "./ready/script.mjs";

const WRITERS = [
  "tools/guide-docs.mjs",
  "tools/cli-docs.mjs",
  "tools/reference/main.mjs",
  "tools/sizes.mjs",
  "bench/page.mjs",
];

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  explain(error);
  process.exitCode = 1;
}

async function main([mode, ...rest]) {
  if (![undefined, "--pages", "--build"].includes(mode))
    throw new Problem(`Unknown word "${mode}": --pages or --build.`);
  requireNode20();
  const [node] = await Promise.all([findRuntime(), installPackages()]);
  await runScript("build");
  for (const writer of WRITERS) {
    const code = await runInPlace(node, [inRoot(writer)]);
    if (code !== 0) return code;
  }
  if (mode === "--pages") return 0;
  await installFolder(inRoot("tools/site"), "Installing the packages that build the site, 100 MB (first time only)…");
  return runInPlace(node, [inRoot("tools/site", mode === "--build" ? "build.mjs" : "serve.mjs"), ...rest]);
}

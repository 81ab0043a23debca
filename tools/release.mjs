// `node tools/release.mjs [--publish]`: checks that the packages are ready, builds them, and shows what npm would publish. With
// `--publish` it publishes, with provenance: the release workflow does that for a tag. `--json` prints the lists of files alone.

import { readFileSync } from "node:fs";
import { npm, run } from "./ready/command.mjs";
import { explain, Problem } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { runScript } from "./ready/script.mjs";
import { differingFiles } from "./release/metadata.mjs";

// The library first: the server depends on it.
const PACKAGES = ["packages/sessile", "packages/server"];
const isReal = process.argv.includes("--publish");
const isJson = process.argv.includes("--json");
const say = (text) => isJson || process.stdout.write(`${text}\n`);

try {
  await main();
} catch (error) {
  explain(error);
  process.exitCode = 1;
}

async function main() {
  const problems = await findProblems();
  if (problems.length > 0 && isReal) throw new Problem(problems.join("\n"));
  for (const problem of problems) say(`Before a release: ${problem}`);
  await runScript("build");
  const published = [];
  for (const folder of PACKAGES) published.push(await publish(folder));
  if (isJson) process.stdout.write(`${JSON.stringify(published)}\n`);
}

/** @returns {Promise<string[]>} what a release must not have */
async function findProblems() {
  const [library, server] = PACKAGES.map((folder) => JSON.parse(read(`${folder}/package.json`)));
  const { version } = library;
  const { GITHUB_REF_TYPE: type, GITHUB_REF_NAME: tag } = process.env;
  const tests = [
    [(await run("git", ["status", "--porcelain"])).output === "", "commit everything first."],
    [server.version === version, `sessile is ${version} and sessile-server ${server.version}: they share a number.`],
    [server.dependencies.sessile === version, `sessile-server must depend on sessile ${version} exactly.`],
    [type !== "tag" || tag === `v${version}`, `the tag ${tag} is not v${version}.`],
    [isInChangelog(version), `CHANGELOG.md has no "## [${version}] - YYYY-MM-DD".`],
    [!read("project.json").includes("OWNER"), "project.json still names OWNER as the owner of the repository."],
    ...differingFiles().map((path) => [
      false,
      `${path} is not what project.json says: node tools/release/metadata.mjs.`,
    ]),
  ];
  return tests.filter(([isGood]) => !isGood).map(([, problem]) => problem);
}

function read(path) {
  return readFileSync(inRoot(path), "utf8");
}

function isInChangelog(version) {
  return new RegExp(`^## \\[${version}\\] - \\d{4}-\\d\\d-\\d\\d$`, "m").test(read("CHANGELOG.md"));
}

async function publish(folder) {
  const flags = isReal ? ["--provenance"] : ["--dry-run"];
  const args = ["publish", "--json", "--ignore-scripts", "--access", "public", ...flags];
  const { code, output } = await npm([...args, "--loglevel=error"], { cwd: inRoot(folder) });
  if (code !== 0) throw new Problem(`${output}\nnpm publish failed for ${folder}.`);
  const answer = JSON.parse(output.slice(output.indexOf("{")));
  // npm prints it below the package's name when the folder is a workspace.
  const { id, files, size } = answer.files ? answer : Object.values(answer)[0];
  say(`${isReal ? "Published" : "Would publish"} ${id}: ${files.length} files, ${Math.round(size / 1000)} kB packed`);
  return { id, files: files.map(({ path }) => path) };
}

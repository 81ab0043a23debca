// What both packages say about the project, taken from project.json: `node tools/release/metadata.mjs` writes it into their
// package.json and the links of their README. With `--check` it only says what differs.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { inRoot } from "../ready/repository.mjs";

const read = (path) => readFileSync(inRoot(path), "utf8");

/** @returns {[path: string, text: string][]} the files as they should be */
export function expectedFiles() {
  const project = JSON.parse(read("project.json"));
  return Object.entries(project.packages).flatMap(([folder, keywords]) => {
    const directory = `packages/${folder}`;
    const manifest = JSON.parse(read(`${directory}/package.json`));
    const filled = fill(manifest, { ...project, directory, keywords: [...project.keywords, ...keywords] });
    // Links of a README must be absolute: they are read on npm, in editors and below node_modules too.
    const readme = read(`${directory}/README.md`)
      .replaceAll(homeOf(manifest) ?? project.repository, project.repository)
      .replaceAll("](../../", `](${project.repository}/blob/${project.branch}/`);
    return [
      [`${directory}/package.json`, `${JSON.stringify(filled, null, 2)}\n`],
      [`${directory}/README.md`, readme],
      [`${directory}/LICENSE`, read("LICENSE")],
    ];
  });
}

const homeOf = ({ repository }) => repository?.url.replace(/^git\+|\.git$/g, "");

/** The fields after `license`, where npm's own commands put them too. */
function fill(manifest, { author, keywords, repository, site, directory }) {
  const { name, version, description, license, ...rest } = manifest;
  return {
    name,
    version,
    description,
    keywords,
    homepage: site,
    bugs: { url: `${repository}/issues` },
    repository: { type: "git", url: `git+${repository}.git`, directory },
    license,
    author,
    ...Object.fromEntries(
      Object.entries(rest).filter(([key]) => !/^(?:keywords|homepage|bugs|repository|author)$/.test(key)),
    ),
  };
}

/** @returns {string[]} the files that differ */
export const differingFiles = () =>
  expectedFiles()
    .filter(([path, text]) => read(path) !== text)
    .map(([path]) => path);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes("--check")) {
    for (const path of differingFiles()) {
      process.stdout.write(`${path} is not what project.json says. Run node tools/release/metadata.mjs.\n`);
      process.exitCode = 1;
    }
  } else for (const [path, text] of expectedFiles()) writeFileSync(inRoot(path), text);
}

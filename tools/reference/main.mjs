// `npm run docs`: writes docs/api from the declarations. With `--check` it only says what differs, with `--gaps` which
// exports, options and members have no documentation. Needs a build.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { inRoot } from "../ready/repository.mjs";
import { findUndocumented } from "./documented.mjs";
import { renderPages } from "./render.mjs";

const FOLDER = inRoot("docs/api");

const pages = renderPages();
mkdirSync(FOLDER, { recursive: true });
const there = readdirSync(FOLDER).filter((file) => file.endsWith(".md"));
if (process.argv.includes("--check")) report(differing());
else if (process.argv.includes("--gaps")) report(findUndocumented());
else write();

function write() {
  for (const name of there) if (!pages.has(name)) rmSync(`${FOLDER}/${name}`);
  for (const [name, text] of pages) writeFileSync(`${FOLDER}/${name}`, text);
}

function differing() {
  const names = [...new Set([...pages.keys(), ...there])].filter(
    (name) => !there.includes(name) || readFileSync(`${FOLDER}/${name}`, "utf8") !== pages.get(name),
  );
  return names.map((name) => `docs/api/${name} is not what the declarations say. Run npm run docs.`);
}

function report(problems) {
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
}

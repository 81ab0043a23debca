// Assembles an application in a folder: the framework from npm, the library as it is packed, and the program.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { npm, run } from "../ready/command.mjs";
import { installFolder } from "../ready/packages.mjs";
import { Problem } from "../ready/problem.mjs";
import { inRoot } from "../ready/repository.mjs";
import { writeRecipe } from "./recipe.mjs";

const PROJECTS = inRoot(".cache/frameworks");
/**
 * Options of an installation that leaves the lock file alone, which lacks the library. Peers are checked, as for a
 * user.
 */
export const BESIDE = [
  "--no-save",
  "--no-package-lock",
  "--ignore-scripts",
  "--no-audit",
  "--no-fund",
  "--loglevel=error",
];

/** Returns the path of the archive that npm would publish. */
export async function packLibrary() {
  mkdirSync(PROJECTS, { recursive: true });
  const args = ["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", PROJECTS];
  const { code, output } = await npm([...args, "-w", "packages/sessile"]);
  if (code !== 0) throw new Problem(`${output}\nnpm pack failed.`);
  return join(PROJECTS, JSON.parse(output)[0].filename);
}

/** Returns the folder, ready to be started, and the versions in it. */
export async function buildApp(app, node, library) {
  const folder = join(PROJECTS, app.folder);
  layOut(app, folder);
  await installFolder(folder, `Fetching ${app.name} (first time only)…`);
  const { code, output } = await npm(["install", ...BESIDE, library], { cwd: folder });
  if (code !== 0) throw new Problem(`${output}\nThe library cannot be installed beside ${app.name}.`);
  for (const command of app.build) await build(command, node, folder, app.env);
  return { folder, versions: await versionsOf(app, node, folder) };
}

function layOut(app, folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    if (name !== "node_modules") rmSync(join(folder, name), { recursive: true });
  }
  cpSync(inRoot("tools/frameworks", app.folder), folder, { recursive: true });
  cpSync(inRoot("tools/frameworks/manager.ts"), join(folder, "manager.ts"));
  if (app.page !== undefined) writeRecipe(app, folder);
}

async function build([program, ...args], node, folder, own = {}) {
  const env = { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1", ...own };
  const script = program.includes("/") ? program : join("node_modules/.bin", program);
  const { code, output } = await run(node, [script, ...args], { cwd: folder, env });
  if (code !== 0) throw new Problem(`${output}\n${[program, ...args].join(" ")} failed in ${folder}.`);
}

async function versionsOf({ name, main }, node, folder) {
  const { version } = JSON.parse(readFileSync(join(folder, "node_modules", main, "package.json"), "utf8"));
  const { output } = await run(node, ["--version"]);
  return `${name} ${version} on Node ${output.trim().slice(1)}`;
}

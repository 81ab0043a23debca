// `npm run docs`: writes the settings and the help of every command into docs/cli.md. `--check` only checks that they
// are current. Needs a build.
import { readFileSync, writeFileSync } from "node:fs";
import { COMMANDS } from "../packages/server/dist/cli/commands.js";
import { helpOf } from "../packages/server/dist/cli/help.js";
import { OPTIONS, variableOf } from "../packages/server/dist/config/options.js";
import { inRoot } from "./ready/repository.mjs";

const PAGE = inRoot("docs/cli.md");

const page = readFileSync(PAGE, "utf8");
const written = replace(replace(page, "settings", settings()), "commands", commands());
if (!process.argv.includes("--check")) writeFileSync(PAGE, written);
else if (written !== page) {
  process.stderr.write("docs/cli.md is not what the commands say. Run npm run docs.\n");
  process.exitCode = 1;
}

function replace(text, name, content) {
  const [start, end] = [`<!-- ${name}: npm run docs -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < 0) throw new Error(`docs/cli.md must have a place for ${name}`);
  return `${text.slice(0, from)}${start}\n\n${content}\n\n${text.slice(to)}`;
}

function settings() {
  const rows = OPTIONS.map(({ name, value, fallback, help }) => {
    const option = `\`--${name}${value === undefined ? "" : ` ${value}`}\``;
    const key = name === "config" ? "" : `\`${name}\``;
    const kind = value === undefined ? "true or false; " : "";
    return `| ${option} | \`${variableOf(name)}\` | ${key} | ${fallback === undefined ? "" : `\`${fallback}\``} | ${kind}${help.replaceAll("|", "\\|")} |`;
  });
  return ["| option | environment | in the file | default | |", "|---|---|---|---|---|", ...rows].join("\n");
}

function commands() {
  return COMMANDS.map((command) => `### sessile ${command.name}\n\n\`\`\`text\n${helpOf(command)}\`\`\``).join("\n\n");
}

// Formats the code blocks of the reference, all in one run of the formatter.

import { spawnSync } from "node:child_process";
import { inRoot } from "../ready/repository.mjs";

const BLOCK = /^```ts (statement|constant|member|head)\n([\s\S]*?)\n```$/gm;
const BETWEEN = "\n// next block\n";
const COMMAND = ["format", "--line-width=84", "--stdin-file-path=reference.ts"];

/** How a block becomes a statement that can be formatted, and what is its own of the result. */
const WRAP = {
  statement: [(text) => text, (text) => text],
  constant: [(text) => `declare ${text}`, (text) => text.replace(/^declare /, "")],
  // A class is the only place for methods without a body, and `new` stands for its constructor.
  member: [(text) => `declare class Holder {\n${text}\n}`, (text) => dedent(text.split("\n").slice(1, -1))],
  // The start of an interface or a class.
  head: [(text) => `${text} {}`, (text) => text.replace(/ \{\}$/, "")],
};

/** @param {Map<string, string>} pages whose blocks of code are marked with the way to format them */
export function formatBlocks(pages) {
  const blocks = [...pages.values()].flatMap((page) => [...page.matchAll(BLOCK)]);
  const source = blocks.map(([, kind, text]) => WRAP[kind][0](text)).join(BETWEEN);
  const formatted = format(source).split(new RegExp(`\\n*${BETWEEN.trim()}\\n*`));
  let index = 0;
  const next = (_, kind) => `\`\`\`ts\n${WRAP[kind][1](formatted[index++].trim())}\n\`\`\``;
  return new Map([...pages].map(([name, page]) => [name, page.replace(BLOCK, next)]));
}

function format(source) {
  const biome = inRoot("node_modules/.bin/biome");
  const { status, stdout, stderr } = spawnSync(biome, COMMAND, { cwd: inRoot(), input: source, encoding: "utf8" });
  if (status !== 0) throw new Error(`The declarations could not be formatted: ${stderr}`);
  return stdout;
}

const dedent = (lines) => lines.map((line) => line.replace(/^ {2}/, "")).join("\n");

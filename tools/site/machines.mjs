// The site for programs: llms.txt, llms-full.txt, and every page as Markdown beside its HTML.

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inRoot } from "../ready/repository.mjs";
import { apiPages } from "./navigation.mjs";
import { project } from "./project.mjs";

/** See https://llmstxt.org for the format. */
export function writeForMachines({ outDir }, sections) {
  const all = sections.map(({ text, items }) => ({
    text,
    items: items.flatMap((item) => (item.page === "api/index.md" ? [item, ...apiPages()] : [item])),
  }));
  const lines = all.flatMap(({ text, items }) => ["", `## ${text}`, "", ...items.map(lineOf)]);
  const head = `# ${project.title}\n\n> ${project.tagline}. ${firstParagraph(read("index.md"))}`;
  writeFileSync(join(outDir, "llms.txt"), `${[head, ...lines].join("\n")}\n`);
  const pages = all.flatMap(({ items }) => items.map(({ page }) => page));
  writeFileSync(join(outDir, "llms-full.txt"), `${[head, ...pages.map(read)].join("\n\n---\n\n")}\n`);
  for (const page of pages) {
    mkdirSync(dirname(join(outDir, page)), { recursive: true });
    cpSync(inRoot("docs", page), join(outDir, page));
  }
}

const read = (page) =>
  readFileSync(inRoot("docs", page), "utf8")
    .replace(/^<!--.*-->\n+/, "")
    .trim();

const lineOf = ({ text, page }) => `- [${text}](${new URL(page, project.site)}): ${firstParagraph(read(page))}`;

/** The first block of a page that is no heading, list, table or code, on one line and without links. */
function firstParagraph(text) {
  const found = text.split(/\n\n+/).find((block) => /^[\w`["*]/.test(block) && !block.startsWith("```")) ?? "";
  return found.replace(/\s+/g, " ").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
}

// The order of the pages: docs/navigation.json, with each page's own title.

import { readFileSync } from "node:fs";
import { inRoot } from "../ready/repository.mjs";
import { ENTRIES } from "../reference/declarations.mjs";

/** @returns {{ text: string, items: { text: string, link: string, page: string }[] }[]} */
export function navigation() {
  const sections = JSON.parse(readFileSync(inRoot("docs/navigation.json"), "utf8"));
  return sections.map(({ text, pages }) => ({
    text,
    items: pages.map((page) => ({ text: titleOf(page), link: linkOf(page), page })),
  }));
}

/** The pages that are made from the declarations, in the order of package.json. */
export const apiPages = () =>
  ENTRIES.map(({ name, page }) => ({ text: name, link: linkOf(`api/${page}`), page: `api/${page}` }));

const linkOf = (page) => `/${page.replace(/index\.md$/, "").replace(/\.md$/, "")}`;

function titleOf(page) {
  const [, title] = /^# (.+)$/m.exec(readFileSync(inRoot("docs", page), "utf8")) ?? [];
  if (title === undefined) throw new Error(`docs/${page} has no title: its first heading must be "# …".`);
  return title.replaceAll("`", "");
}

// Links out of docs/ lead to the repository: on GitHub they are relative, on the site they cannot be.

import { dirname, join, normalize } from "node:path";
import { inRepository } from "./project.mjs";

/** The anchor of a heading, as GitHub makes it: a link works there and here. */
export const slugOf = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");

/** A plugin of markdown-it. */
export function keepLinks(markdown) {
  markdown.core.ruler.push("repository-links", ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type !== "link_open") continue;
      const href = token.attrGet("href");
      const path = normalize(join("docs", dirname(env.relativePath ?? ""), href));
      if (href.startsWith(".") && !path.startsWith("docs/")) token.attrSet("href", inRepository(path));
    }
  });
}

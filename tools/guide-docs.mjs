// Part of `npm run docs`: puts the programs that pages of docs/guide/ name by their path into these pages.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { inRoot } from "./ready/repository.mjs";

const PROGRAM = /^```ts\n\/\/ (examples\/\S+\.ts)\n[\s\S]*?^```$/gm;

for (const name of readdirSync(inRoot("docs/guide"))) {
  const page = inRoot("docs/guide", name);
  const text = readFileSync(page, "utf8");
  const filled = text.replace(
    PROGRAM,
    (_block, path) => `\`\`\`ts\n// ${path}\n${readFileSync(inRoot(path), "utf8")}\`\`\``,
  );
  if (filled !== text) writeFileSync(page, filled);
}

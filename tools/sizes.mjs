// `npm run docs`: the size that each entry point of the library adds to a program, bundled, minified and gzipped.
// Writes docs/sizes.md.
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { bundleOf, IMPORTS } from "./bundles/entries.mjs";
import { inRoot } from "./ready/repository.mjs";

const rows = await Promise.all(IMPORTS.map(measure));
writeFileSync(
  inRoot("docs/sizes.md"),
  `# Sizes

The size that each entry point adds to a program bundled by esbuild for Node, in kB. Shared parts, such as the errors, are counted in
each. Written by \`npm run docs\`.

| import | minified | gzipped |
| --- | ---: | ---: |
${rows.join("\n")}
`,
);

async function measure(name) {
  const code = await bundleOf(name);
  return `| \`${name}\` | ${kB(code.length)} | ${kB(gzipSync(code, { level: 9 }).length)} |`;
}

function kB(bytes) {
  return (bytes / 1000).toFixed(1);
}

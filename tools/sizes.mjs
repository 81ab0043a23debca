// `npm run docs`: what each entry point of the library adds to a program, bundled, minified and gzipped. Writes docs/sizes.md.
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { inRoot } from "./ready/repository.mjs";

const { exports } = JSON.parse(readFileSync(inRoot("packages/sessile/package.json"), "utf8"));
const entries = Object.keys(exports)
  .filter((path) => !path.endsWith(".json"))
  .map((path) => path.replace(".", "sessile"));
const [main, ...others] = entries.sort();
const imports = [`${main}: SessionManager`, `${main}: SessionManager, memoryStore`, main, ...others];

const rows = await Promise.all(imports.map(measure));
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
  const [entry, names] = name.split(": ");
  const { outputFiles } = await build({
    stdin: {
      contents: `export ${names ? `{ ${names} }` : "*"} from "${entry}";`,
      resolveDir: inRoot("packages/sessile"),
    },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    write: false,
  });
  const code = outputFiles[0].contents;
  return `| \`${name}\` | ${kB(code.length)} | ${kB(gzipSync(code, { level: 9 }).length)} |`;
}

function kB(bytes) {
  return (bytes / 1000).toFixed(1);
}

// `npm run sizes`: measures what each entry point of the library adds to a program, bundled, minified and gzipped, and writes
// docs/sizes.md. With `--json` it only prints; a test holds the sizes to the limits, and the page to the sizes.
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { inRoot } from "./ready/repository.mjs";

/** In bytes, gzipped. Raise one only with a reason in the commit. */
const LIMITS = {
  "sessile: SessionManager": 8_600,
  "sessile: SessionManager, memoryStore": 10_200,
  sessile: 12_200,
  "sessile/sqlite": 7_800,
  "sessile/redis": 13_100,
  "sessile/cached": 13_800,
  "sessile/keys": 1_100,
  "sessile/elysia": 1_800,
  "sessile/express": 3_400,
  "sessile/express-session": 2_200,
  "sessile/fastify": 3_800,
  "sessile/h3": 1_600,
  "sessile/hono": 1_500,
  "sessile/koa": 3_400,
  "sessile/next": 900,
  "sessile/node": 3_400,
  "sessile/web": 1_300,
  "sessile/testing": 24_000,
};

const sizes = await Promise.all(Object.entries(LIMITS).map(measure));
if (process.argv.includes("--json")) console.log(JSON.stringify(sizes));
else writeFileSync(inRoot("docs/sizes.md"), page(sizes));

async function measure([name, limit]) {
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
  const [{ contents }] = outputFiles;
  return { name, minified: contents.length, gzipped: gzipSync(contents, { level: 9 }).length, limit };
}

function page(rows) {
  return `# Sizes

What each entry point adds to a program that is bundled by esbuild for Node, in kB. What they share, such as the errors, is
counted in each. Written by \`npm run sizes\`; a test holds the sizes to the limits.

| import | minified | gzipped | limit |
| --- | ---: | ---: | ---: |
${rows.map(({ name, minified, gzipped, limit }) => `| \`${name}\` | ${kB(minified)} | ${kB(gzipped)} | ${kB(limit)} |`).join("\n")}
`;
}

function kB(bytes) {
  return (bytes / 1000).toFixed(1);
}

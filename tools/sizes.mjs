// `npm run sizes`: measures what each entry point of the library adds to a program, bundled, minified and gzipped, and writes
// docs/sizes.md. With `--json` it only prints; a test holds the sizes to the limits, and the page to the sizes.
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { inRoot } from "./ready/repository.mjs";

/** In bytes, gzipped. Raise one only with a reason in the commit. */
const LIMITS = {
  "sessile: SessionManager": 10_400,
  "sessile: SessionManager, memoryStore": 12_600,
  sessile: 14_900,
  "sessile/sqlite": 10_300,
  "sessile/redis": 16_400,
  "sessile/cached": 17_200,
  "sessile/keys": 1_300,
  "sessile/elysia": 2_200,
  "sessile/express": 4_000,
  "sessile/express-session": 2_600,
  "sessile/fastify": 4_400,
  "sessile/h3": 1_900,
  "sessile/hono": 1_900,
  "sessile/koa": 4_000,
  "sessile/next": 1_100,
  "sessile/node": 4_000,
  "sessile/web": 1_700,
  "sessile/testing": 27_600,
};

/** What the modules of the core with its memory store are for. */
const PARTS = {
  "one request: open, change, end, write, answer":
    "core/open core/exchange core/session core/changes core/commit core/delta core/arrival core/validity core/transport",
  "the memory store, its pages and its bounds": "stores/memory stores/kept-record stores/sid-map stores/paging",
  "manager and store calls: list, revoke, sweep, begin, failures": "core/manager core/core core/store core/errors",
  "options and their checks": "core/options core/rules",
  "what data may be: JSON, schema": "core/json core/schema",
  "events, and open connections (`onEnded`)": "core/events core/watch",
  "tokens, random text, digests": "core/token core/random core/secret",
};
const WHOLE = "sessile: SessionManager, memoryStore";

const sizes = await Promise.all(Object.entries(LIMITS).map(measure));
if (process.argv.includes("--json")) console.log(JSON.stringify(sizes));
else writeFileSync(inRoot("docs/sizes.md"), page(sizes) + partsPage(await bundle(WHOLE)));

async function measure([name, limit]) {
  const { code } = await bundle(name);
  return { name, minified: code.length, gzipped: gzip(code), limit };
}

async function bundle(name) {
  const [entry, names] = name.split(": ");
  const { outputFiles, metafile } = await build({
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
    metafile: true,
  });
  return { code: outputFiles[0].contents, modules: Object.values(metafile.outputs)[0].inputs };
}

function gzip(code) {
  return gzipSync(code, { level: 9 }).length;
}

/** Where the bytes of the core are. Compressed together, so a part has no compressed size of its own. */
function partsPage({ code, modules }) {
  const rows = Object.entries(PARTS).map(([part, names]) => [part, minifiedSize(modules, names.split(" "))]);
  const texts =
    Buffer.from(code)
      .toString()
      .match(/"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g) ?? [];
  const words = texts.filter((text) => text.includes(" "));
  return `
## The core

\`SessionManager\` with \`memoryStore\` was meant to stay at 8 kB, and does not. There is no large part that most programs could do
without; about ${kB(gzip(words.join("")))} kB of the ${kB(gzip(code))} are the words of error messages.

| part | minified |
| --- | ---: |
${rows.map(([part, size]) => `| ${part} | ${kB(size)} |`).join("\n")}
`;
}

function minifiedSize(modules, names) {
  const sizes = names.map((name) => modules[`packages/sessile/dist/${name}.js`].bytesInOutput);
  return sizes.reduce((sum, size) => sum + size, 0);
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

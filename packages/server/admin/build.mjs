// Builds the pages into dist/pages: scripts and styles under names that change with their content, and the HTML that
// names them.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const OUT = here("../dist/pages/");

rmSync(OUT, { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: [here("src/admin/admin.tsx"), here("src/account/account.tsx"), here("src/favicon.svg")],
  outdir: OUT,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["chrome111", "firefox113", "safari16.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  loader: { ".svg": "copy" },
  minify: true,
  metafile: true,
  logLevel: "warning",
});
const outputs = Object.entries(metafile.outputs);
writePage("admin", "Sessile", "/admin");
writePage("account", "Where you are signed in", "/account");

/** The page names everything that it needs, so that the browser requests all of it at once. */
function writePage(name, title, prefix) {
  const [program, { cssBundle, imports }] = outputs.find(([, { entryPoint }]) => entryPoint?.endsWith(`/${name}.tsx`));
  const icon = outputs.find(([path]) => path.endsWith(".svg"))[0];
  const url = (path) => `${prefix}/assets/${basename(path)}`;
  const chunks = imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => url(path));
  const lines = [
    `<link rel="icon" type="image/svg+xml" href="${url(icon)}">`,
    `<link rel="stylesheet" href="${url(cssBundle)}">`,
    ...chunks.map((href) => `<link rel="modulepreload" href="${href}">`),
    `<script type="module" src="${url(program)}"></script>`,
  ];
  const template = readFileSync(here("src/page.html"), "utf8");
  writeFileSync(`${OUT}${name}.html`, template.replace("{title}", title).replace("{head}", lines.join("\n    ")));
}

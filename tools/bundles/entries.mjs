// The entry points of the library, each bundled by esbuild, for docs/sizes.md and for a test.
import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { inRoot } from "../ready/repository.mjs";

const { exports } = JSON.parse(readFileSync(inRoot("packages/sessile/package.json"), "utf8"));
const [main, ...others] = Object.keys(exports)
  .filter((path) => !path.endsWith(".json"))
  .map((path) => path.replace(".", "sessile"))
  .sort();

/** All entry points, and parts of the first one, as `ENTRY` or `ENTRY: NAMES`. */
export const IMPORTS = [`${main}: SessionManager`, `${main}: SessionManager, memoryStore`, main, ...others];

/** Those that run without any other package. */
export const ALONE = IMPORTS.filter((name) => name !== "sessile/express-session");

/** Returns the bytes of a minified module. */
export async function bundleOf(name) {
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
    external: ["express-session"],
    write: false,
  });
  return outputFiles[0].contents;
}

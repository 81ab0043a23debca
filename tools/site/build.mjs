// Makes the site in a folder, .cache/site unless it is given. A link that leads nowhere ends it with an error.

import { resolve } from "node:path";
import { build } from "vitepress";
import { inRoot } from "../ready/repository.mjs";

const outDir = resolve(process.argv[2] ?? inRoot(".cache/site"));
await build(inRoot("tools/site"), { outDir });
process.stdout.write(`The site is in ${outDir}.\n`);

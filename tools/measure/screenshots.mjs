// `npm run measure -- screenshots [FOLDER]`: pictures of the pages, in light, dark, narrow and very wide.
import { runInBrowser } from "./browser-program.mjs";

await runInBrowser("screenshots", process.argv.slice(2));

// `npm run measure:admin`: how fast the admin page is, how large, and what it costs the server while it is open.
import { runInBrowser } from "./browser-program.mjs";

await runInBrowser("measure", []);

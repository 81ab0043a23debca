// `npm run measure -- admin`: how fast the admin page is, how large, and what it costs the server while it is open.
// `npm run measure -- admin 1000000 sqlite:FILE`: what the lists of so many sessions cost; FILE is made, and stays.
import { runInBrowser } from "./browser-program.mjs";

const args = process.argv.slice(2);
await runInBrowser(args.length === 0 ? "measure" : "measure-sessions", args);

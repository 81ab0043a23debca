// `npm run measure -- admin`: the speed and size of the admin page, and its cost for the server while it is open. `npm
// run measure -- admin 1000000 sqlite:FILE`: the cost of lists with that number of sessions; FILE is created, and
// stays.
import { runInBrowser } from "./browser-program.mjs";

const args = process.argv.slice(2);
await runInBrowser(args.length === 0 ? "measure" : "measure-sessions", args);

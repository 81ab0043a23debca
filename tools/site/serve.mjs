// Serves the site on this machine, from the pages as they are.

import { createServer } from "vitepress";
import { inRoot } from "../ready/repository.mjs";

const server = await createServer(inRoot("tools/site"), { port: 5173 });
await server.listen();
server.printUrls();

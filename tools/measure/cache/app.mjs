// A server in a process of its own: sign-in, present user, sign-out, and the figures of its cache, if it has one.

import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(import.meta.url);
const DIST = new URL("../../../packages/sessile/dist/", import.meta.url);

export async function startApp(redisPort, maxStaleness) {
  const child = fork(FILE, [JSON.stringify([redisPort, maxStaleness])]);
  const [port] = await once(child, "message");
  return { port, close: () => child.kill() };
}

/** `maxStaleness` null: without a cache. */
async function serve(redisPort, maxStaleness) {
  const [{ headerTransport, SessionManager }, { redisStore }, { cachedStore }, { withSession }] = await Promise.all(
    ["index.js", "stores/redis/index.js", "stores/cached/index.js", "adapters/node.js"].map(
      (file) => import(new URL(file, DIST)),
    ),
  );
  const { createClient } = createRequire(new URL("../package.json", DIST))("@redis/client");
  const client = createClient({ url: `redis://127.0.0.1:${redisPort}`, disableOfflineQueue: true });
  client.on("error", () => {});
  const inner = redisStore({ client: await client.connect() });
  const store = maxStaleness === null ? inner : cachedStore(inner, { maxStaleness });
  const manager = new SessionManager({ store, transports: [headerTransport()] });
  const routes = {
    "/login": async (session) => ({ token: await session.signIn("ann") }),
    "/profile": (session) => ({ user: session.userId }),
    "/logout": (session) => session.signOut(),
    "/figures": async () => (await store.stats()).cache,
  };
  const server = createServer(
    withSession(
      manager,
      async (request, response, session) => {
        const answer = await routes[request.url](session);
        if (request.url === "/profile" && session.userId === null) response.statusCode = 401;
        response.end(JSON.stringify(answer ?? null));
      },
      { onError: () => {} },
    ),
  );
  server.keepAliveTimeout = 60_000;
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
  process.on("disconnect", () => process.exit());
}

if (process.argv[1] === FILE) await serve(...JSON.parse(process.argv[2]));

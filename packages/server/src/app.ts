// The HTTP contract: which call gets which answer. Knows no store and no command line.

import Fastify, { type FastifyBaseLogger, type FastifyError, type FastifyInstance, LogController } from "fastify";
import { isSessionError, type SessionManager } from "sessile";
import { requireSession, sessions } from "sessile/fastify";
import { HTTP_LIMITS, harden } from "./harden.ts";

/** What the server keeps in a session. */
export interface ServerData {
  username: string;
}

declare module "sessile" {
  interface SessionData extends ServerData {}
}

/** The one user of the demo sign-in. */
const DEMO_USER = { id: 1, username: "john_doe" } as const;

/** The server's routes over `manager`, not yet listening. */
export async function createApp(manager: SessionManager, logger: FastifyBaseLogger): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    ...HTTP_LIMITS,
    forceCloseConnections: "idle",
    return503OnClosing: false,
  });
  harden(app);
  ignoreBodies(app);
  answerErrors(app);
  app.addHook("onResponse", async ({ method, url, log }, { statusCode, elapsedTime }) => {
    log.debug({ method, path: withoutSecrets(url), statusCode, ms: Math.round(elapsedTime * 10) / 10 }, "request");
  });
  await app.register(sessions, { manager });
  addRoutes(app);
  return app;
}

function addRoutes(app: FastifyInstance): void {
  app.post("/login", async ({ session }) => {
    const token = await session.signIn(String(DEMO_USER.id), { data: { username: DEMO_USER.username } });
    return { session_token: token };
  });
  app.get(
    "/profile",
    requireSession(async ({ session }) => ({ username: session.get("username"), user_id: Number(session.userId) })),
  );
  app.post("/logout", async ({ session }) => {
    await session.signOut();
    return { message: "Logged out successfully" };
  });
  refuseOtherMethods(app, { "/login": "POST", "/profile": "GET, HEAD", "/logout": "POST" });
}

/** The demo sign-in and sign-out take no input, so whatever body a client sends is read within the limit and dropped. */
function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, async () => undefined);
}

function refuseOtherMethods(app: FastifyInstance, routes: Record<string, string>): void {
  const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  for (const [url, allow] of Object.entries(routes)) {
    const method = methods.filter((each) => !allow.includes(each));
    app.route({
      method,
      url,
      handler: async (_request, reply) => reply.code(405).header("allow", allow).send({ detail: "Method Not Allowed" }),
    });
  }
}

/** Errors in FastAPI's shape; nothing of the inside reaches the client. */
function answerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler(async (_request, reply) => reply.code(404).send({ detail: "Not Found" }));
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500 && !isSessionError(error)) request.log.error({ err: error }, "request failed");
    return reply.code(status).send({ detail: status >= 500 ? "Internal Server Error" : error.message });
  });
}

/** A path fit for the log: without its query, and without anything in it that looks like a token. */
function withoutSecrets(url: string): string {
  return (url.split("?", 1)[0] as string).replace(/[0-9A-Za-z_]{60,}/g, "[redacted]").slice(0, 200);
}

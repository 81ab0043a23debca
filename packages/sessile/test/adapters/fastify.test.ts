import { Readable } from "node:stream";
import Fastify, { type FastifyReply, type FastifyRequest, type preHandlerAsyncHookHandler } from "fastify";
import { requireSession, sessions } from "sessile/fastify";
import { adapterSuite, type SuiteAnswer, type SuiteRoute } from "sessile/testing";

adapterSuite("Fastify", async (manager, routes) => {
  const app = Fastify({ forceCloseConnections: true });
  await app.register(sessions, { manager });
  for (const route of routes) {
    app.route({
      method: route.method,
      url: route.path,
      preHandler: route.isGuarded ? [guard(route), requireSession()] : guard(route),
      handler: mount(route),
    });
  }
  return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
});

function mount(route: SuiteRoute): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown> {
  return async ({ session, url }, reply) => {
    const answer = await route.answer({ session, url });
    if (answer.isThrown === true && (answer.status ?? 200) >= 400)
      throw Object.assign(new Error("thrown"), { statusCode: answer.status });
    return send(reply, answer);
  };
}

function guard(route: SuiteRoute): preHandlerAsyncHookHandler {
  return async ({ session, url }, reply) => {
    const answer = await route.guard?.({ session, url });
    if (answer != null) send(reply, answer);
  };
}

function send(reply: FastifyReply, { status = 200, headers = {}, body }: SuiteAnswer): unknown {
  reply.code(status).headers(headers as Record<string, string | string[]>);
  return reply.send(body === undefined || typeof body === "string" ? body : Readable.from(body));
}

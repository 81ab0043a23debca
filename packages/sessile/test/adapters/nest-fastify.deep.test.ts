// The recipe for NestJS 12 of docs/frameworks.md, on its platform for Fastify. The routes of the suite are made at run
// time, so their decorators are called by hand.

import "reflect-metadata";
import { Readable } from "node:stream";
import {
  type ArgumentsHost,
  type CanActivate,
  Catch,
  Controller,
  createParamDecorator,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  Post,
  Req,
  Res,
  type Type,
  UseGuards,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type Session, SessionError } from "sessile";
import { sessions } from "sessile/fastify";
import { adapterSuite, type SuiteRoute } from "sessile/testing";
import { answerOf } from "./support/routes.ts";

const CurrentSession = createParamDecorator((_: unknown, context: ExecutionContext): Session => sessionOf(context));

class SignedInGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (sessionOf(context).isSignedIn()) return true;
    throw new SessionError("ERR_SESSION_REQUIRED", "Not authenticated");
  }
}

class SessionFilter implements ExceptionFilter<SessionError> {
  catch(error: SessionError, host: ArgumentsHost): void {
    host.switchToHttp().getResponse<FastifyReply>().send(error);
  }
}
Catch(SessionError)(SessionFilter);

function sessionOf(context: ExecutionContext): Session {
  return context.switchToHttp().getRequest<FastifyRequest>().session;
}

adapterSuite("NestJS on Fastify", async (manager, routes) => {
  class Suite {}
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: Suite, controllers: routes.map(toController) },
    new FastifyAdapter({ forceCloseConnections: true }),
    { logger: false },
  );
  await app.register(sessions, { manager });
  app.useGlobalFilters(new SessionFilter());
  await app.listen(0, "127.0.0.1");
  return { url: await app.getUrl(), close: () => app.close() };
});

function toController(route: SuiteRoute): Type {
  class RouteController {
    async answer(session: Session, request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const { status = 200, headers = {}, body } = await answerOf(route, { session, url: request.originalUrl });
      reply.code(status).headers(headers as Record<string, string | string[]>);
      reply.send(body === undefined || typeof body === "string" ? body : Readable.from(body));
    }
  }
  const { prototype } = RouteController;
  const method = Object.getOwnPropertyDescriptor(prototype, "answer") as PropertyDescriptor;
  for (const [index, parameter] of [CurrentSession(), Req(), Res()].entries()) parameter(prototype, "answer", index);
  (route.method === "GET" ? Get : Post)(route.path)(prototype, "answer", method);
  if (route.isGuarded) UseGuards(SignedInGuard)(prototype, "answer", method);
  Controller()(RouteController);
  return RouteController;
}

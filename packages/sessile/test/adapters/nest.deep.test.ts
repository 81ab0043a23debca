// The recipe for NestJS 12 of docs/frameworks.md, on its platform for Express. The routes of the suite are made at run
// time, so their decorators are called by hand; `recipes.deep.test.ts` compiles the recipe as it is written.

import "reflect-metadata";
import { pipeline, Readable } from "node:stream";
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
import type { NestExpressApplication } from "@nestjs/platform-express";
import type { Request, Response } from "express";
import { type Session, SessionError } from "sessile";
import { sessions } from "sessile/express";
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
    host.switchToHttp().getNext<(error: unknown) => void>()(error);
  }
}
Catch(SessionError)(SessionFilter);

function sessionOf(context: ExecutionContext): Session {
  return context.switchToHttp().getRequest<Request>().session;
}

adapterSuite("NestJS", async (manager, routes) => {
  class Suite {}
  const app = await NestFactory.create<NestExpressApplication>(
    { module: Suite, controllers: routes.map(toController) },
    { logger: false, forceCloseConnections: true },
  );
  app.use(sessions(manager, { onError: () => {} })).useGlobalFilters(new SessionFilter());
  await app.listen(0, "127.0.0.1");
  return { url: await app.getUrl(), close: () => app.close() };
});

function toController(route: SuiteRoute): Type {
  class RouteController {
    async answer(session: Session, request: Request, response: Response): Promise<void> {
      const { status = 200, headers = {}, body } = await answerOf(route, { session, url: request.originalUrl });
      response.status(status).set(headers);
      if (body === undefined) response.end();
      else if (typeof body === "string") response.end(body);
      else pipeline(Readable.from(body), response, () => {}); // a body that breaks off cuts the connection
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

// The API's document, made from the schemas that check the requests, and the page that shows it.

import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { version } from "../config/version.ts";

const DESCRIPTION = `Sessions as a service. A **token** is an opaque credential; a **sid** names a session and is useless as a credential.

Send the token in \`X-Session-Token\` or \`Authorization: Bearer\`; with \`--cookie\`, browsers send it in a cookie. Routes for applications
also need an API key in \`X-API-Key\`. Every error is \`{"detail": …}\`.

Every route can also answer 404 (no such path), 405 (not a method of this path; \`Allow\` lists them), 408 (too slow), 413 (a body larger
than 16 KiB, or 80 KiB with a session's data), 431 (headers larger than 16 KiB), 500 and 501 (not a method of any path).`;

/** For this page alone: it loads only its own scripts, which are files, and sets its styles by script. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const MARK = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#0b6e6e"/>
<path d="M7 24h18M11 24V14a5 5 0 0 1 10 0v10" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/></svg>`);

/** Call it before any route is added: it collects those that follow. */
export async function describeRoutes(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    hideUntagged: true, // pages and their own requests are not part of the API
    openapi: {
      openapi: "3.1.0",
      info: { title: "Sessile", version: version(), description: DESCRIPTION },
      tags: [
        { name: "account", description: "a user's own session" },
        { name: "sessions", description: "for applications that sign users in themselves, with an API key" },
        { name: "users", description: "the sessions of any user, with an API key" },
        { name: "proxies", description: "for reverse proxies" },
        { name: "operations", description: "for operators of the server" },
      ],
      components: {
        securitySchemes: {
          apiKey: { type: "apiKey", in: "header", name: "X-API-Key" },
          sessionToken: { type: "apiKey", in: "header", name: "X-Session-Token" },
          bearer: { type: "http", scheme: "bearer" },
        },
      },
    },
  });
}

/**
 * Leaves the routes that are added to `app` from now on out of the document: only the server's own pages use them, and
 * they change together.
 */
export function hideRoutes(app: FastifyInstance): void {
  app.addHook("onRoute", (route) => {
    route.schema = { ...route.schema, hide: true };
  });
}

/** `GET /openapi.json`. */
export function documentRoute(app: FastifyInstance): void {
  app.get("/openapi.json", { schema: DOCUMENT }, async () => app.swagger());
}

/** `/docs`: shows the document and needs no network but this server. */
export async function documentPage(app: FastifyInstance): Promise<void> {
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: PAGE_POLICY,
    // The standard layout has Swagger's name in a bar, and a field for the address of any other document.
    uiConfig: { layout: "BaseLayout", deepLinking: false, supportedSubmitMethods: ["get", "post", "patch", "delete"] },
    theme: {
      title: `Sessile ${version()}`,
      favicon: [{ filename: "mark.svg", rel: "icon", type: "image/svg+xml", sizes: "any", content: MARK }],
    },
  });
}

const DOCUMENT = {
  operationId: "readDocument",
  summary: "This document",
  tags: ["operations"],
  security: [],
  response: { 200: { description: "the document, OpenAPI 3.1", type: "object", additionalProperties: true } },
};

// Routes that find, list and show sessions. None of them ends one.

import type { FastifyInstance } from "fastify";
import type { Json, SessionDetails } from "sessile";
import { readJsonBodies } from "../../http/bodies.ts";
import { notFound } from "../../http/request-error.ts";
import { LIMIT, object, type SchemaTypes, SID, type Static } from "../../http/schema.ts";
import { FRESH_TIME } from "../../identity/sign-in/cookie-sign-in.ts";
import type { DataKey, Found, SessionView } from "../api.ts";
import { browse, browseUser, type Filter, toRow } from "../browse.ts";
import type { AdminParts } from "../parts.ts";

export const USER_ID = { type: "string", minLength: 1 } as const;
export const SID_BODY = { ...object({ sid: SID }), additionalProperties: false } as const;

const LIST = {
  type: "object",
  properties: {
    limit: LIMIT,
    after: { type: "string", maxLength: 100 },
    device: { type: "string", maxLength: 100 },
    /** `<5`: within the last 5 minutes; `>30`: not within the last 30. */
    used: { type: "string", pattern: "^[<>][0-9]{1,6}$" },
    kind: { type: "string", enum: ["users", "anonymous"] },
  },
} as const;

export function sessionRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { manager, names } = parts;
  const routes = app.withTypeProvider<SchemaTypes>();

  const search = object({ q: { type: "string", minLength: 1, maxLength: 300 } });
  routes.get("/find", { schema: { querystring: search } }, ({ query }) => find(parts, query.q.trim()));

  routes.get("/sessions", { schema: { querystring: LIST } }, ({ query }) =>
    browse(manager, { ...filterOf(query), limit: query.limit, after: query.after }, names.of),
  );

  routes.get("/user", { schema: { querystring: object({ userId: USER_ID }) } }, ({ query }) =>
    browseUser(manager, query.userId, names.of),
  );

  routes.get("/session", { schema: { querystring: object({ sid: SID }) } }, async ({ query }) => {
    const session = await manager.find(query.sid, { data: true });
    if (session === null) throw notFound();
    return describe(parts, session);
  });

  app.register(async (scope) => {
    readJsonBodies(scope);
    dataRoute(scope, parts);
  });
}

/** A POST although it changes only the audit: nothing but a click of the administrator may cause it. */
function dataRoute(app: FastifyInstance, { manager, audit }: AdminParts): void {
  const routes = app.withTypeProvider<SchemaTypes>();
  routes.post("/show-data", { schema: { body: SID_BODY } }, async (request, reply) => {
    const { body, session, operator } = request;
    session.requireFresh(FRESH_TIME);
    const found = await manager.find(body.sid, { data: true });
    if (found === null) throw notFound();
    await audit.run({ actor: operator, action: "showData", target: body.sid }, async () => null);
    return reply.header("cache-control", "no-store").send({ data: found.data });
  });
}

async function find({ manager, names }: AdminParts, text: string): Promise<Found> {
  if ((await manager.find(text)) !== null) return { kind: "session", sid: text };
  const userId = names.idOf(text);
  if (names.of(userId) !== null) return { kind: "user", userId };
  const { sessions } = await manager.list(userId, { limit: 1 });
  return sessions.length > 0 ? { kind: "user", userId } : { kind: "nothing" };
}

function filterOf({ device, used, kind }: Static<typeof LIST>): Filter {
  const minutes = Number(used?.slice(1)) * 60_000;
  const isRecent = used?.startsWith("<");
  return {
    device,
    kind,
    usedWithin: used !== undefined && isRecent ? minutes : undefined,
    unusedFor: used !== undefined && !isRecent ? minutes : undefined,
  };
}

async function describe({ manager, names }: AdminParts, found: SessionDetails): Promise<SessionView> {
  const { authenticatedAt, rotatedAt, absoluteExpiresAt, idleTimeout, persistent, version, userId, data = {} } = found;
  return {
    ...toRow(found, names.of),
    authenticatedAt,
    rotatedAt,
    absoluteExpiresAt,
    version,
    idleTimeout,
    persistent,
    keys: Object.entries(data).map(describeKey),
    ofUser: userId === null ? 1 : (await manager.list(userId, { limit: 1000 })).sessions.length,
  };
}

function describeKey([name, value]: [string, Json]): DataKey {
  const type = value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
  return { name, type, size: JSON.stringify(value).length };
}

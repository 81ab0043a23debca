// Sessions: found, listed, looked at. Nothing here ends one.

import type { FastifyInstance, FastifyReply } from "fastify";
import type { Json, SessionDetails } from "sessile";
import { readJsonBodies } from "../../http/bodies.ts";
import { validateRequests } from "../../http/validate.ts";
import { FRESH_TIME } from "../../identity/sign-in/cookie-sign-in.ts";
import type { DataKey, Found, SessionView } from "../api.ts";
import { browse, browseUser, type Filter, toRow } from "../browse.ts";
import type { AdminParts } from "../parts.ts";
import { LIST_QUERY, type ListQuery, SEARCH_QUERY, SID_BODY, SID_QUERY, USER_QUERY } from "./queries.ts";

interface SidRoute {
  Querystring: { readonly sid: string };
}
interface DataRoute {
  Body: { readonly sid: string };
}
interface UserRoute {
  Querystring: { readonly userId: string };
}
interface ListRoute {
  Querystring: ListQuery;
}
interface SearchRoute {
  Querystring: { readonly q: string };
}

export function sessionRoutes(app: FastifyInstance, parts: AdminParts): void {
  const { manager, names } = parts;

  app.get<SearchRoute>("/find", { schema: { querystring: SEARCH_QUERY } }, ({ query }) => find(parts, query.q.trim()));

  app.get<ListRoute>("/sessions", { schema: { querystring: LIST_QUERY } }, ({ query }) =>
    browse(manager, { ...filterOf(query), limit: query.limit, after: query.after }, names.of),
  );

  app.get<UserRoute>("/user", { schema: { querystring: USER_QUERY } }, ({ query }) =>
    browseUser(manager, query.userId, names.of),
  );

  app.get<SidRoute>("/session", { schema: { querystring: SID_QUERY } }, async ({ query }, reply) => {
    const session = await manager.find(query.sid, { data: true });
    return session === null ? notFound(reply) : describe(parts, session);
  });

  app.register(async (scope) => {
    readJsonBodies(scope);
    validateRequests(scope);
    dataRoute(scope, parts);
  });
}

/** Changes nothing but the audit, and is no GET for that reason: nothing but a click of the administrator's may cause it. */
function dataRoute(app: FastifyInstance, { manager, audit }: AdminParts): void {
  app.post<DataRoute>("/show-data", { schema: { body: SID_BODY } }, async (request, reply) => {
    const { body, session, operator } = request;
    session.requireFresh(FRESH_TIME);
    const found = await manager.find(body.sid, { data: true });
    if (found === null) return notFound(reply as FastifyReply);
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

function filterOf({ device, used, kind }: Pick<ListQuery, "device" | "used" | "kind">): Filter {
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
  const { authenticatedAt, rotatedAt, absoluteExpiresAt, idleTimeout, version, userId, data = {} } = found;
  return {
    ...toRow(found, names.of),
    authenticatedAt,
    rotatedAt,
    absoluteExpiresAt,
    version,
    idleTimeout,
    keys: Object.entries(data).map(describeKey),
    ofUser: userId === null ? 1 : (await manager.list(userId, { limit: 1000 })).sessions.length,
  };
}

function describeKey([name, value]: [string, Json]): DataKey {
  const type = value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
  return { name, type, size: JSON.stringify(value).length };
}

export function notFound(reply: FastifyReply): FastifyReply {
  return reply.code(404).send({ detail: "Not Found" });
}

// `GET /audit`: the actions on this page, for all administrators.

import type { FastifyInstance } from "fastify";
import { LIMIT, type SchemaTypes } from "../../http/schema.ts";
import type { AuditPage } from "../api.ts";
import type { AdminParts } from "../parts.ts";

const QUERY = {
  type: "object",
  properties: { limit: LIMIT, before: { type: "integer", minimum: 1 } },
} as const;

export function auditRoutes(app: FastifyInstance, { auditLog }: AdminParts): void {
  const routes = app.withTypeProvider<SchemaTypes>();
  routes.get("/audit", { schema: { querystring: QUERY } }, async ({ query }): Promise<AuditPage> => {
    const entries = auditLog.page(query.limit, query.before);
    return { entries, next: entries.length === query.limit ? (entries.at(-1)?.id ?? null) : null };
  });
}

// What was done on this page, for all administrators to see.

import type { FastifyInstance } from "fastify";
import type { AuditPage } from "../api.ts";
import type { AdminParts } from "../parts.ts";
import { AUDIT_QUERY } from "./queries.ts";

interface AuditRoute {
  Querystring: { readonly limit: number; readonly before?: number };
}

export function auditRoutes(app: FastifyInstance, { auditLog }: AdminParts): void {
  app.get<AuditRoute>("/audit", { schema: { querystring: AUDIT_QUERY } }, async ({ query }): Promise<AuditPage> => {
    const entries = auditLog.page(query.limit, query.before);
    return { entries, next: entries.length === query.limit ? (entries.at(-1)?.id ?? null) : null };
  });
}

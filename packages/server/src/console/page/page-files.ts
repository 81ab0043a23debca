// The built pages and their assets: read once, kept compressed, and served under names that change with their content.

import { readdirSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { UsageError } from "../../config/usage-error.ts";
import { acceptsGzip } from "./accepts-gzip.ts";

const FOLDER = new URL("../../pages/", import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Only files of this server, nothing inline, nothing in a frame, no form without a script, no text that becomes markup
 * (ASVS 3.4.3, 3.4.6).
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

/** Features of the device that the page may not use. */
const PERMISSIONS = "camera=(), microphone=(), geolocation=(), usb=(), payment=()";

interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

export type PageFiles = ReadonlyMap<string, PageFile>;

/** Throws `UsageError` when the pages were not built. */
export function readPageFiles(): PageFiles {
  try {
    return new Map(readdirSync(FOLDER).map((name) => [name, readPageFile(name)]));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`The pages are not there (${code ?? "unreadable"}). Build them with \`npm run build\`.`);
  }
}

function readPageFile(name: string): PageFile {
  const plain = readFileSync(new URL(name, FOLDER));
  return { type: TYPES[extname(name)] ?? "application/octet-stream", plain, gzip: gzipSync(plain, { level: 9 }) };
}

/**
 * Serves `page` at every path of `paths`, and its assets below `prefix`/assets, cacheable for a year: other content has
 * another name.
 */
export function pageRoutes(
  app: FastifyInstance,
  files: PageFiles,
  { prefix, page, paths }: { readonly prefix: string; readonly page: string; readonly paths: readonly string[] },
): void {
  for (const path of paths) {
    app.get(path, async (request, reply) => {
      reply.header("content-security-policy", PAGE_POLICY).header("permissions-policy", PERMISSIONS);
      reply.header("cross-origin-opener-policy", "same-origin").header("cache-control", "no-cache");
      return send(files.get(page), request, reply);
    });
  }
  app.get<{ Params: { name: string } }>(`${prefix}/assets/:name`, async (request, reply) => {
    const { name } = request.params;
    if (name.endsWith(".html") || !files.has(name)) return reply.callNotFound();
    reply.header("cache-control", "public, max-age=31536000, immutable");
    return send(files.get(name), request as FastifyRequest, reply);
  });
}

function send(file: PageFile | undefined, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (file === undefined) return reply.callNotFound() as unknown as FastifyReply;
  reply.type(file.type).header("vary", "accept-encoding");
  return acceptsGzip(request) ? reply.header("content-encoding", "gzip").send(file.gzip) : reply.send(file.plain);
}

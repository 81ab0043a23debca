// Which request bodies are read, and as what. Knows no route.

import type { FastifyInstance } from "fastify";

/** Arrays and objects within each other. No request of this server but those with a session's data needs more than a few. */
const MAX_DEPTH = 8;
/** A session's data may have 64 KiB; the rest is for its user and device. */
export const DATA_BODY_LIMIT = 80 * 1024;

/** For routes that take no input: whatever body a client sends is read within the limit and dropped. */
export function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, async () => undefined);
}

/**
 * For routes that take JSON: anything else is 415, what is no JSON is 400. JSON is UTF-8 without a byte order mark (RFC 8259
 * §8.1); of a key that comes twice the last counts, as everywhere in JavaScript. A compressed body is refused: nobody needs
 * to compress a few hundred bytes, and unpacking is where small bodies become large.
 */
export function readJsonBodies(app: FastifyInstance, depth = MAX_DEPTH): void {
  app.removeAllContentTypeParsers();
  app.addHook("onRequest", async ({ headers }) => {
    if ((headers["content-encoding"] ?? "identity") !== "identity") throw new BodyError(415, "Unsupported Media Type");
  });
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, async (_request: unknown, body: Buffer) =>
    parseJson(body, depth),
  );
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function parseJson(body: Buffer, depth: number): unknown {
  try {
    const value: unknown = JSON.parse(UTF_8.decode(body));
    checkShape(value, depth);
    return value;
  } catch {
    throw new BodyError(400, "Invalid JSON");
  }
}

/** `__proto__` is an own key after `JSON.parse`, and becomes something else as soon as somebody copies the object. */
function checkShape(value: unknown, depth: number): void {
  if (typeof value !== "object" || value === null) return;
  if (depth === 0 || Object.hasOwn(value, "__proto__")) throw new TypeError("too deep, or a key that is none");
  for (const item of Object.values(value)) checkShape(item, depth - 1);
}

class BodyError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

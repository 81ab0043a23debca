// The reading of request bodies: which are accepted, and in which form.

import type { FastifyInstance } from "fastify";

/** Levels of arrays and objects. Only requests with session data need more than a few. */
const MAX_DEPTH = 8;
/** Session data may have 64 KiB; the rest is for the user and the device. */
export const DATA_BODY_LIMIT = 80 * 1024;

/** For routes without input: a body is read within the limit and dropped. */
export function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, async () => undefined);
}

/**
 * For routes that take JSON: any other type is 415, invalid JSON is 400. JSON is UTF-8 without a byte order mark (RFC
 * 8259 §8.1); of a repeated key the last one counts, as everywhere in JavaScript. A compressed body is refused: a few
 * hundred bytes need no compression, and unpacking can make small bodies huge.
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

/** After `JSON.parse`, `__proto__` is an own key; the next copy of the object would make it a prototype. */
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

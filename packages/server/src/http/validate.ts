// Checks requests against the JSON Schemas of their routes, which are also what the API's document says. Knows no route.

import { Ajv, type ErrorObject } from "ajv";
import type { FastifyError, FastifyInstance } from "fastify";
import { isSessionError } from "sessile";
import { type InputProblem, RequestError } from "./request-error.ts";

/** A text stays a text: only what travels in the URL and in headers, where everything is one, is read as a number. */
const BODIES = new Ajv({ allErrors: false, strict: false, useDefaults: true, validateFormats: false });
const TEXTS = new Ajv({ coerceTypes: true, strict: false, useDefaults: true, validateFormats: false });

/** For all routes of `app`: what does not fit is answered 422 in FastAPI's shape, without the input. */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema, httpPart = "body" }) => {
    const validate = (httpPart === "body" ? BODIES : TEXTS).compile(schema as object);
    return (value: unknown) => {
      if (validate(value)) return { value };
      return {
        error: new RequestError(
          422,
          (validate.errors ?? []).map((error) => problemOf(httpPart, error)),
        ),
      };
    };
  });
  app.setErrorHandler(async (error: FastifyError | RequestError, _request, reply) => {
    const refused = asRequestError(error);
    if (refused === null) throw error;
    reply.code(refused.statusCode).headers(refused.headers).header("cache-control", "no-store");
    return reply.send({ detail: refused.detail });
  });
}

/** `null` for what is answered as everywhere else. What the manager refuses to open is in the log already. */
function asRequestError(error: unknown): RequestError | null {
  if (error instanceof RequestError) return error;
  if (isSessionError(error, "ERR_SESSION_VALUE"))
    return new RequestError(422, [{ type: "value_error", loc: ["body"], msg: error.message }]);
  if (isSessionError(error, "ERR_SESSION_PAGE"))
    return new RequestError(422, [
      { type: "value_error", loc: ["query", "after"], msg: "Input is no `next` of a page" },
    ]);
  if (isSessionError(error, "ERR_SESSION_CREDENTIALS"))
    return new RequestError(400, "Conflicting credentials", { "www-authenticate": 'Bearer error="invalid_request"' });
  if (isSessionError(error, "ERR_SESSION_CROSS_SITE")) return new RequestError(403, "Cross-site request refused");
  if (isSessionError(error, "ERR_SESSION_LIMIT")) return new RequestError(409, "Too many sessions");
  if (isSessionError(error, "ERR_SESSION_REVOKED")) return new RequestError(409, "Session revoked");
  return null;
}

const PARTS: Readonly<Record<string, string>> = { querystring: "query", params: "path", headers: "header" };

function problemOf(httpPart: string, { keyword, instancePath, params, message }: ErrorObject): InputProblem {
  const named = keyword === "required" ? [String(params["missingProperty"])] : [];
  const path = instancePath.split("/").slice(1);
  const msg = keyword === "required" ? "Field required" : `Input ${message ?? "is wrong"}`;
  return {
    type: keyword === "required" ? "missing" : keyword,
    loc: [PARTS[httpPart] ?? httpPart, ...path, ...named],
    msg,
  };
}

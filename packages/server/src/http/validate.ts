// Checks requests against the JSON Schemas of their routes, from which the API's document is made, too.

import { Ajv, type ErrorObject } from "ajv";
import type { FastifyInstance } from "fastify";
import { type InputProblem, RequestError } from "./request-error.ts";

const COMMON = { strict: false, useDefaults: true, validateFormats: false };
/** In bodies text stays text; only in the URL and in headers, where everything is text, numbers are parsed. */
const BODIES = new Ajv({ ...COMMON, allErrors: true });
const TEXTS = new Ajv({ ...COMMON, coerceTypes: true });

/** A body may have thousands of mistakes. */
const MOST_PROBLEMS = 20;

/** For all routes of `app`: a request that does not fit is answered 422 in FastAPI's shape, without the input. */
export function validateRequests(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema, httpPart = "body" }) => {
    const validate = (httpPart === "body" ? BODIES : TEXTS).compile(schema as object);
    return (value: unknown) => {
      if (validate(value)) return { value };
      const errors = (validate.errors ?? []).slice(0, MOST_PROBLEMS);
      return {
        error: new RequestError(422, value === null ? [NO_BODY] : errors.map((each) => problemOf(httpPart, each))),
      };
    };
  });
}

const PARTS: Readonly<Record<string, string>> = { querystring: "query", params: "path", headers: "header" };
const NO_BODY: InputProblem = { type: "missing", loc: ["body"], msg: "Field required" };

const TYPES: Readonly<Record<string, readonly [type: string, name: string]>> = {
  string: ["string_type", "string"],
  boolean: ["bool_type", "boolean"],
};

/** The words of Pydantic, if it has some for the mistake. */
function problemOf(httpPart: string, { keyword, instancePath, params, message }: ErrorObject): InputProblem {
  const loc = [PARTS[httpPart] ?? httpPart, ...instancePath.split("/").slice(1)];
  if (keyword === "required")
    return { type: "missing", loc: [...loc, String(params["missingProperty"])], msg: "Field required" };
  const [type, name] = (keyword === "type" && TYPES[String(params["type"])]) || [];
  if (type !== undefined) return { type, loc, msg: `Input should be a valid ${name}` };
  return { type: keyword, loc, msg: `Input ${message ?? "is wrong"}` };
}

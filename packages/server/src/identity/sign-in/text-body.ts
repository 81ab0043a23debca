// Checks that a body is a flat object of texts, against the route's own schema. Knows no route.

import type { FastifyError, FastifyInstance, FastifySchemaCompiler } from "fastify";

/** A flat object of texts, as JSON Schema: one description for the check and for the API's documents. */
export interface TextsSchema {
  readonly type: "object";
  readonly required: readonly string[];
  readonly properties: Readonly<Record<string, { readonly type: "string"; readonly description: string }>>;
}

/** One thing that is wrong with a body, as FastAPI says it. Without the input, which may be a password. */
export interface BodyProblem {
  readonly type: string;
  readonly loc: readonly string[];
  readonly msg: string;
}

/** A body that cannot be used; answered 422. */
export class InvalidBody extends Error {
  override readonly name = "InvalidBody";
  readonly statusCode = 422;
  readonly detail: readonly BodyProblem[];

  constructor(...detail: readonly BodyProblem[]) {
    super("The body is not what this route takes.");
    this.detail = detail;
  }
}

/**
 * Checks the bodies of all routes of `app`, whose schemas are `TextsSchema`s. Unknown keys are ignored, as FastAPI does. Not
 * Fastify's own check, which takes the number 1 for the text "1" and a list of one text for that text.
 */
export function checkTextBodies(app: FastifyInstance): void {
  app.setValidatorCompiler(compile);
  app.setErrorHandler(async (error: FastifyError | InvalidBody, _request, reply) => {
    if (!(error instanceof InvalidBody)) throw error;
    return reply.code(error.statusCode).header("cache-control", "no-store").send({ detail: error.detail });
  });
}

const compile: FastifySchemaCompiler<TextsSchema> = ({ schema: { required } }) => {
  return (body: unknown) => {
    const problems = problemsOf(body, required);
    return problems.length === 0 ? { value: body } : { error: new InvalidBody(...problems) };
  };
};

function problemsOf(body: unknown, required: readonly string[]): BodyProblem[] {
  if (body === undefined || body === null) return [{ type: "missing", loc: ["body"], msg: "Field required" }];
  if (typeof body !== "object" || Array.isArray(body))
    return [{ type: "model_attributes_type", loc: ["body"], msg: "Input should be a valid object" }];
  return required.flatMap((name) => {
    const value = Object.hasOwn(body, name) ? (body as Record<string, unknown>)[name] : undefined;
    if (value === undefined) return [{ type: "missing", loc: ["body", name], msg: "Field required" }];
    if (typeof value === "string") return [];
    return [{ type: "string_type", loc: ["body", name], msg: "Input should be a valid string" }];
  });
}

// Standard Schema v1, the part that is used: https://standardschema.dev. Any validator that speaks it can check the data.

import { SessionError, type SessionErrorCode } from "./errors.ts";
import type { JsonObject } from "./json.ts";

/** A validator of zod, valibot, arktype or any other library that implements Standard Schema v1. */
export interface DataSchema {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
  };
}

type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly value?: undefined; readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message?: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What the schema makes of `data`: defaults filled in, older shapes brought up to date; `data` itself without a schema. Throws
 * `code` when the data does not fit; the message names the keys at fault, never their values.
 */
export async function validateData(
  schema: DataSchema | undefined,
  data: JsonObject,
  code: SessionErrorCode,
): Promise<JsonObject> {
  if (schema === undefined) return data;
  const { issues, value } = await schema["~standard"].validate({ ...data });
  // A copy: what the schema made may be the application's still, and it may have a prototype.
  if (issues === undefined && typeof value === "object" && value !== null)
    return Object.assign(Object.create(null), value);
  const keys = (issues ?? [{}]).map(({ path = [] }) => `\`${path.map(keyOf).join(".")}\``);
  throw new SessionError(code, `Session data does not fit the \`schema\` at ${keys.join(", ")}.`);
}

function keyOf(segment: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof segment === "object" ? segment.key : segment);
}

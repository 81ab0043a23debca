// JSON Schemas of requests, and the TypeScript types of valid values: one source for checks, types and the API's
// document.

import type { FastifyTypeProvider } from "fastify";
import type { JsonObject } from "sessile";

/** For `app.withTypeProvider`: gives a handler's body, query and headers the types of the route's schema. */
export interface SchemaTypes extends FastifyTypeProvider {
  readonly validator: Static<this["schema"]>;
}

/** The type of a value that a schema accepts. */
export type Static<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly type: "string" }
      ? string
      : Schema extends { readonly type: "integer" }
        ? number
        : Schema extends { readonly type: "boolean" }
          ? boolean
          : Schema extends { readonly type: "array"; readonly items: infer Item }
            ? readonly Static<Item>[]
            : Schema extends { readonly properties: infer Properties }
              ? { readonly [Name in Present<Schema, Properties>]: Static<Properties[Name]> } & {
                  readonly [Name in Exclude<keyof Properties, Present<Schema, Properties>>]?: Static<Properties[Name]>;
                }
              : JsonObject;

/** Properties that are required or have a default. */
type Present<Schema, Properties> = {
  [Name in keyof Properties]: Properties[Name] extends { readonly default: unknown }
    ? Name
    : Schema extends { readonly required: readonly (infer Required)[] }
      ? Extract<Name, Required>
      : never;
}[keyof Properties];

export const SID = { type: "string", minLength: 1, maxLength: 100 } as const;
export const YES = { type: "boolean", const: true } as const;
export const LIMIT = { type: "integer", minimum: 1, maximum: 100, default: 50 } as const;
export const TEXT_OR_NULL = { type: ["string", "null"] } as const;
export const INSTANT = { type: "string", format: "date-time" } as const;

/** The body alone decides which sessions end, so a query, which the route would ignore, is refused. */
export const NO_QUERY = { type: "object", additionalProperties: false, properties: {} } as const;

/** An object with all of `needed`, and any of `optional`. */
export function object<
  const Needed extends Readonly<Record<string, object>>,
  const Optional extends Readonly<Record<string, object>> = Record<never, object>,
>(needed: Needed, optional: Optional = {} as Optional) {
  const required = Object.keys(needed) as (keyof Needed & string)[];
  return { type: "object", required, properties: { ...needed, ...optional } } as const;
}

/** The same for an answer of the API. */
export function answer<const Properties extends Readonly<Record<string, object>>>(
  description: string,
  properties: Properties,
) {
  return { description, ...object(properties) } as const;
}

/**
 * The body of a request that ends sessions: `whose`, if they are not the client's own, and exactly one of `choices`. A
 * body that lost a part, as `undefined` values in JavaScript do, is refused instead of ending more.
 */
export function endBody<
  const Choices extends Readonly<Record<string, object>>,
  const Whose extends Readonly<Record<string, object>> = Record<never, object>,
>(choices: Choices, whose: Whose = {} as Whose) {
  const required = Object.keys(whose) as (keyof Whose & string)[];
  const count = required.length + 1;
  return {
    type: "object",
    required,
    minProperties: count,
    maxProperties: count,
    additionalProperties: false,
    properties: { ...whose, ...choices },
  } as const;
}

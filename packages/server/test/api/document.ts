// An OpenAPI document as tests go through it. Knows no operation.

export interface Response {
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly responses: Readonly<Record<string, Response>>;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

export interface Operation extends Pick<Described, "summary" | "tags" | "responses"> {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Whether it wants an API key. */
  readonly hasKey: boolean;
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId: id, summary, tags, security = [], responses }]) => {
      const hasKey = security.some((scheme) => "apiKey" in scheme);
      return { id, method: method.toUpperCase(), path, hasKey, summary, tags, responses };
    }),
  );
}

export interface Route {
  readonly method: string;
  /** With `{parameter}`s. */
  readonly path: string;
}

/** The routes that Fastify prints, those that only answer 405 too. */
export function routesOf(printed: string): Route[] {
  const folders: string[] = [];
  return printed.split("\n").flatMap((line) => {
    const [, indent = "", part = "", methods = ""] = /^([│ ]*)[└├]── (\S*) ?(?:\(([^)]*)\))?$/.exec(line) ?? [];
    folders.splice(indent.length / 4, folders.length, part);
    const path = folders.join("").replaceAll(/:(\w+)/g, "{$1}");
    return methods === "" ? [] : methods.split(", ").map((method) => ({ method, path }));
  });
}

// The methods of this server, and the answer 405 where a path does not have one.

import type { FastifyInstance } from "fastify";

/** The methods that paths may have. Every other one is answered 501. */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** The methods of each path. */
export type PathMethods = Map<string, Set<string>>;

/** Collects the routes that are added to `app` and below from now on. */
export function collectMethods(app: FastifyInstance): PathMethods {
  const paths: PathMethods = new Map();
  app.addHook("onRoute", ({ url, method }) => {
    const methods = paths.get(url) ?? new Set();
    paths.set(url, methods);
    for (const each of [method].flat()) methods.add(each);
  });
  return paths;
}

/** Call it after all routes are added. */
export function refuseOtherMethods(app: FastifyInstance, paths: PathMethods): void {
  for (const [url, present] of [...paths]) {
    const allow = METHODS.filter((each) => present.has(each)).join(", ");
    const method = METHODS.filter((each) => !present.has(each));
    app.route({
      method,
      url,
      schema: { hide: true },
      handler: async (_request, reply) => reply.code(405).header("allow", allow).send({ detail: "Method Not Allowed" }),
    });
  }
}

// `GET /`: a page, or plain text for programs, with links to everything that this server serves.

import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";

export interface Place {
  readonly path: string;
  readonly holds: string;
}

const PLACES: readonly Place[] = [
  { path: "/docs", holds: "the API, to read and to try" },
  { path: "/openapi.json", holds: "the API for programs (OpenAPI 3.1)" },
  { path: "/health/ready", holds: "whether this server can serve requests" },
];

const TEXT = "Sessile serves sessions over HTTP.";

const STYLE = `:root{color-scheme:light dark}body{max-width:36rem;margin:4rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif}
dt{margin-top:.75rem}dd{margin:0}`;

/** The page loads and runs nothing; its empty icon keeps browsers from asking for one. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; img-src data:; frame-ancestors 'none'`;

/** `pages` are the other pages of this server. */
export function rootRoute(app: FastifyInstance, pages: readonly Place[]): void {
  const places = [...PLACES, ...pages];
  const [text, page] = [textOf(places), pageOf(places)];
  app.get("/", async ({ headers, raw }, reply) => {
    // The router also accepts "*" and "http://host" for the root.
    if (raw.url?.startsWith("/") !== true) return reply.callNotFound();
    reply.header("vary", "accept");
    if (!/\btext\/html\b/.test(headers.accept ?? "")) return reply.type("text/plain; charset=utf-8").send(text);
    return reply.header("content-security-policy", POLICY).type("text/html; charset=utf-8").send(page);
  });
}

function textOf(places: readonly Place[]): string {
  const width = Math.max(...places.map(({ path }) => path.length));
  return `${TEXT}\n\n${places.map(({ path, holds }) => `${path.padEnd(width)}  ${holds}\n`).join("")}`;
}

function pageOf(places: readonly Place[]): string {
  const rows = places.map(({ path, holds }) => `<dt><a href="${path}">${path}</a></dt><dd>${holds}</dd>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sessile</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Sessile</h1>
<p>${TEXT}</p>
<dl>
${rows.join("\n")}
</dl>
</main>
</body>
</html>
`;
}

// A small app behind nginx or Caddy, which has asked Sessile who each request is from. See nginx.conf and ../caddy/Caddyfile.
import { createServer, type IncomingMessage } from "node:http";

createServer((request, response) => {
  // The proxy sets both headers, whatever the client sent; so this app must be reached through the proxy only.
  const [user, name] = [headerOf(request, "x-user-id"), headerOf(request, "x-user-name")];
  // A client can have a proxy drop a header. Without a user this request is anonymous, never a user called "undefined".
  response.statusCode = user === "" ? 401 : 200;
  response.setHeader("content-type", "application/json");
  response.setHeader("cache-control", "no-store");
  response.end(JSON.stringify(user === "" ? { detail: "Not authenticated" } : { user_id: user, username: name }));
}).listen(Number(process.env.PORT ?? 3001), "127.0.0.1");

/** Empty unless the header came exactly once and as Sessile writes it. */
function headerOf({ headersDistinct }: IncomingMessage, name: string): string {
  const [value = "", ...others] = headersDistinct[name] ?? [];
  try {
    return others.length === 0 ? decodeURIComponent(value) : "";
  } catch {
    return "";
  }
}

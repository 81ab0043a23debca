// A small app behind nginx, which has asked Sessile who each request is from. See nginx.conf.
import { createServer } from "node:http";

createServer((request, response) => {
  // nginx sets both headers itself, whatever the client sent; so this app must be reached through nginx only.
  const user = decodeURIComponent(String(request.headers["x-user-id"]));
  const name = decodeURIComponent(String(request.headers["x-user-name"] ?? ""));
  response.setHeader("content-type", "application/json");
  response.setHeader("cache-control", "no-store");
  response.end(JSON.stringify({ user_id: user, username: name }));
}).listen(Number(process.env.PORT ?? 3001), "127.0.0.1");

import assert from "node:assert/strict";
import express from "express";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/express";
import { mintSession } from "sessile/testing";

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const app = express();
app.use(sessions(manager));
app.get("/", (req, res) => void res.json(req.session.userId));
const server = app.listen(0, "127.0.0.1", async () => {
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const { headers } = await mintSession(manager, "42");
  const response = await fetch(`http://127.0.0.1:${address.port}/`, { headers });
  assert.equal(await response.json(), "42");
  server.close();
});

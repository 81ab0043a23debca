// The helper that spares tests the login.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cookieTransport, headerTransport, memoryStore, SessionManager } from "sessile";
import { mintSession } from "sessile/testing";

for (const [name, transport] of Object.entries({ header: headerTransport(), cookie: cookieTransport() })) {
  test(`a session minted for the ${name} transport is one that a request is signed in with`, async () => {
    const manager = new SessionManager<{ role: string }>({
      store: memoryStore(),
      transports: [transport],
      sweepInterval: 0,
    });
    const { headers, sid, token } = await mintSession(manager, "42", { data: { role: "admin" } });
    assert.equal(Object.keys(headers).length, 1);
    const { session } = await manager.open({ method: "GET", path: "/", header: (each) => headers[each] });
    assert.deepEqual([session.userId, session.sid, session.get("role")], ["42", sid, "admin"]);
    assert.ok(Object.values(headers)[0]?.endsWith(token));
  });
}

// A test file of Jest that is CommonJS, which Node 24.9 and later can let require an ES module.
const { cookieTransport, memoryStore, SessionManager } = require("sessile");
const { mintSession } = require("sessile/testing");

test("a test that is CommonJS can use the library", async () => {
  const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
  const { headers } = await mintSession(manager, "42");
  expect(headers.cookie).toMatch(/^__Host-session=ses_/);
});

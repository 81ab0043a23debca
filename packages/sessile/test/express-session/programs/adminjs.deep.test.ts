// AdminJS' authenticated router, which keeps the administrator in `req.session`.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, describe, test } from "node:test";
import { Gate } from "../../support/requests.ts";
import { type Handler, listen } from "../program.ts";
import { importOf, packageOf, storesFor } from "./programs.ts";

process.env["ADMIN_JS_SKIP_BUNDLE"] = "true"; // there are no components of our own
const { default: AdminJS } = await importOf("adminjs/lib/index.js");
const { default: AdminExpress } = await importOf("@adminjs/express/lib/index.js");
const express = packageOf("express");

const ANNA = { email: "anna@example.com", title: "keeper" };

async function panel(store: object, slow: Handler) {
  const admin = new AdminJS({ rootPath: "/admin" });
  const authenticate = async (email: string, password: string) =>
    email === ANNA.email && password === "right" ? ANNA : null;
  const auth = { authenticate, cookieName: "adminjs", cookiePassword: "a secret of the panel, long enough" };
  const options = { store, resave: false, saveUninitialized: false };
  const router = AdminExpress.buildAuthenticatedRouter(admin, auth, null, options);
  router.get("/slow", slow);
  const app = express();
  app.use(admin.options.rootPath, router);
  return listen(createServer(app));
}

for (const [name, open] of Object.entries(storesFor(({ adminUser }) => adminUser?.email))) {
  describe(`AdminJS over a store that is ${name}`, () => {
    const { store, manager } = open();
    const gate = new Gate();
    const slow: Handler = async (request, response) => {
      await gate.pass();
      request.session.slow = 1;
      response.json({});
    };
    const program = panel(store, slow);
    after(async () => (await program).close());

    test("the panel is for administrators, who sign in by its form and sign out", async () => {
      const browser = (await program).browser();
      assert.match((await browser.get("/admin")).location ?? "", /\/admin\/login/);
      const wrong = await browser.post("/admin/login", { email: ANNA.email, password: "wrong" });
      assert.equal(wrong.location, null);
      const right = await browser.post("/admin/login", { email: ANNA.email, password: "right" });
      assert.equal(right.location, "/admin");
      const home = await browser.get("/admin");
      assert.equal(home.status, 200);
      assert.match(home.text, /anna@example\.com/);
      assert.equal((await browser.get("/admin/api/dashboard")).status, 200);
      if (manager !== null) assert.equal((await manager.list(ANNA.email)).sessions.length, 1);
      await browser.get("/admin/logout");
      assert.match((await browser.get("/admin")).location ?? "", /\/admin\/login/);
      if (manager !== null) assert.equal((await manager.list(ANNA.email)).sessions.length, 0);
    });

    test(`a request that is slower than the sign-out ${manager === null ? "signs in again" : "brings nothing back"}`, async () => {
      const browser = (await program).browser();
      await browser.post("/admin/login", { email: ANNA.email, password: "right" });
      const other = browser.copy();
      const slow = other.get("/admin/slow");
      await gate.reached;
      await browser.get("/admin/logout");
      gate.open();
      await slow;
      const isRevived = (await other.get("/admin")).status === 200;
      assert.equal(isRevived, manager === null);
    });

    if (manager !== null)
      test("a session that is revoked from outside leaves the panel at once", async () => {
        const browser = (await program).browser();
        await browser.post("/admin/login", { email: ANNA.email, password: "right" });
        await manager.revokeUser(ANNA.email);
        assert.match((await browser.get("/admin")).location ?? "", /\/admin\/login/);
      });
  });
}

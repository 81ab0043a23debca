// nginx or Caddy in front of two small apps, one in TypeScript and one with FastAPI, both behind one Sessile.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { makeUserFile, openUserFile } from "#dist/identity/users/user-file.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { CHEAP, PASSWORD } from "../sign-in/sign-in-app.ts";
import { raw } from "../support/raw.ts";
import { type ServerProcess, startServer } from "../support/server-process.ts";
import { missingFor, type Program, startCaddy, startFastApi, startNginx, startTypeScript } from "./programs.ts";

for (const [name, variable, start] of [
  ["nginx", "NGINX", startNginx],
  ["Caddy", "CADDY", startCaddy],
] as const)
  describe(`one Sessile behind ${name} and FastAPI`, { skip: missingFor(variable) }, () => {
    let sessile: ServerProcess;
    const programs: Program[] = [];
    let proxy = "";
    let fastapi = "";

    before(async () => {
      const store = join(temporaryFolder(), "sessile.db");
      const key = await prepare(store.replace(/\.db$/, ".users.db"));
      const options = ["--cookie", "__Host-session", "--verify-headers", "username=X-User-Name"];
      sessile = await startServer(["--store", `sqlite:${store}`, "--trust-proxy", "127.0.0.1", ...options]);
      const running = async (program: Promise<Program>): Promise<string> => {
        programs.push(await program);
        return (await program).url;
      };
      const typescript = await running(startTypeScript());
      fastapi = await running(startFastApi(sessile.url, key));
      proxy = await running(start({ sessile: sessile.url, typescript, fastapi }));
    });
    after(async () => {
      await Promise.all(programs.map(({ close }) => close()));
      await sessile?.end("SIGKILL");
    });

    const get = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
      fetch(proxy + path, { method, headers });

    async function signIn(): Promise<{ Cookie: string }> {
      const answer = await fetch(`${proxy}/login`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ username: "alice", password: PASSWORD }),
      });
      assert.equal(answer.status, 200);
      return { Cookie: answer.headers.getSetCookie()[0]?.split(";")[0] ?? assert.fail("no cookie") };
    }

    let kept: Promise<{ Cookie: string }> | null = null;
    /** One for all tests that do not sign out: a password takes its time. */
    const signedIn = (): Promise<{ Cookie: string }> => {
      kept ??= signIn();
      return kept;
    };

    const statuses = async (headers: Record<string, string>): Promise<number[]> =>
      Promise.all(["/typescript/", "/fastapi/profile"].map(async (path) => (await get(path, headers)).status));

    test("F2: signed in once is signed in at both apps, signed out once is out at both", async () => {
      assert.deepEqual(await statuses({}), [401, 401]);
      const cookie = await signIn();
      assert.deepEqual(await statuses(cookie), [200, 200]);
      const [typescript, python] = await Promise.all(
        ["/typescript/", "/fastapi/profile"].map(async (path) => (await get(path, cookie)).json()),
      );
      const { user_id } = typescript as { user_id: string };
      assert.deepEqual(typescript, { user_id, username: "alice" });
      assert.deepEqual(python, { user_id, data: { username: "alice" } });
      assert.equal((await get("/logout", cookie, "POST")).status, 200);
      assert.deepEqual(await statuses(cookie), [401, 401]);
    });

    test("what the FastAPI app writes into the session is there at the next request, beside what was there", async () => {
      const cookie = await signedIn();
      for (const item of ["tea", "cake"])
        assert.equal((await get(`/fastapi/cart/${item}`, cookie, "POST")).status, 200);
      const { data } = (await (await get("/fastapi/profile", cookie)).json()) as { data: object };
      assert.deepEqual(data, { username: "alice", cart: ["tea", "cake"] });
    });

    test("no client becomes a user by sending the proxy's own headers, and the check itself is out of reach", async () => {
      const forged = { "X-User-Id": "1", "X-User-Name": "root" };
      assert.deepEqual(await statuses(forged), [401, 401]);
      assert.equal((await get("/typescript/", { ...(await signedIn()), ...forged })).status, 401);
      for (const path of ["/_sessile", "/verify"]) assert.equal((await get(path, await signedIn())).status, 404);
    });

    test("a client that has the proxy drop the user's header is anonymous", async () => {
      const { Cookie } = await signedIn();
      const lines = [`Host: ${new URL(proxy).host}`, `Cookie: ${Cookie}`, "Connection: close, X-User-Id"];
      const answer = await raw(proxy, `GET /typescript/ HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      if (name === "Caddy") assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*"Not authenticated"/);
      else assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*"username":"alice"/, "nginx drops none");
    });

    test("I1: another site cannot make a browser act at the app behind the proxy", async () => {
      const cookie = await signedIn();
      const crossSite = { ...cookie, "Sec-Fetch-Site": "cross-site" };
      assert.equal((await get("/typescript/", crossSite, "POST")).status, 403);
      assert.equal((await get("/typescript/", crossSite)).status, 200, "a link");
      assert.equal((await get("/typescript/", { ...cookie, "Sec-Fetch-Site": "same-origin" }, "POST")).status, 200);
      const own = { ...cookie, Origin: proxy };
      assert.equal((await get("/typescript/", own, "POST")).status, 200);
      assert.equal((await get("/typescript/", { ...own, Origin: "https://evil.example" }, "POST")).status, 403);
    });

    test("H7: no answer about a session is stored on the way", async () => {
      const cookie = await signIn();
      const answer = await get("/profile", cookie);
      assert.equal(answer.headers.get("cache-control"), "no-store");
      await get("/logout", cookie, "POST");
      assert.equal((await get("/profile", cookie)).status, 401);
    });

    test("FastAPI alone takes the token in a header, and treats a bad one as anonymous", async () => {
      const { Cookie } = await signedIn();
      const ask = async (token: string) =>
        (await fetch(`${fastapi}/profile`, { headers: { "X-Session-Token": token } })).status;
      assert.equal(await ask(Cookie.split("=")[1] ?? ""), 200);
      assert.equal(await ask("ses_x"), 401);
      assert.equal(await ask("a, b"), 401);
    });

    test("I1: another site cannot make a browser act at the FastAPI app", async () => {
      const cookie = await signedIn();
      const post = async (headers: Record<string, string>): Promise<number> =>
        (await get("/fastapi/cart/tea", { ...cookie, ...headers }, "POST")).status;
      for (const [headers, status] of [
        [{ "Sec-Fetch-Site": "cross-site" }, 403],
        [{ "Sec-Fetch-Site": "same-site" }, 403],
        [{ "Sec-Fetch-Site": "cross-site", Origin: proxy }, 403],
        [{ Origin: "https://evil.example" }, 403],
        [{ Origin: "null" }, 403],
        [{ Origin: "http://[" }, 403],
        [{ Origin: proxy }, 200],
        [{ "Sec-Fetch-Site": "same-origin" }, 200],
        [{}, 200],
      ] as const) {
        assert.equal(await post(headers), status, JSON.stringify(headers));
      }
      assert.equal(
        (await get("/fastapi/profile", { ...cookie, "Sec-Fetch-Site": "cross-site" })).status,
        200,
        "a link",
      );
      const token = cookie.Cookie.split("=")[1] ?? "";
      const program = { "X-Session-Token": token, "Sec-Fetch-Site": "cross-site" };
      assert.equal((await fetch(`${fastapi}/cart/tea`, { method: "POST", headers: program })).status, 200, "no cookie");
    });

    test("the FastAPI app takes the cookie by its exact name, and any other text is anonymous", async () => {
      const token = (await signedIn()).Cookie.split("=")[1] ?? "";
      for (const [cookie, status] of [
        [`__Host-session=${token}`, 200],
        [`a=b;\t__Host-session=${token} ; c`, 200],
        [`\xa0__Host-session=${token}`, 401],
        [`__Host-session =${token}`, 401],
        [`__host-session=${token}`, 401],
        [`x__Host-session=${token}`, 401],
        [`__Host-session%3D${token}`, 401],
        [`__Host-session="${token}"`, 401],
        ["__Host-session=a,b", 401],
        ["__Host-session=\xe9", 401],
        ["__Host-session=", 401],
        [`__Host-session=${token}; __Host-session=${token.replace(/.$/, "x")}`, 400],
        [`__Host-session=${token}; __Host-session=${token}`, 200],
      ] as const) {
        const lines = ["Host: x", `Cookie: ${cookie}`, "Connection: close"].join("\r\n");
        const answer = await raw(fastapi, Buffer.from(`GET /profile HTTP/1.1\r\n${lines}\r\n\r\n`, "latin1"));
        assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), JSON.stringify(cookie.replaceAll(token, "TOKEN")));
      }
    });

    test("requests at once lose nothing of what the FastAPI app keeps in the session", async () => {
      const cookie = await signIn();
      const items = Array.from({ length: 8 }, (_, i) => `item-${i}`);
      const statuses = await Promise.all(
        items.map(async (item) => (await get(`/fastapi/cart/${item}`, cookie, "POST")).status),
      );
      assert.deepEqual([...new Set(statuses)], [200]);
      const { data } = (await (await get("/fastapi/profile", cookie)).json()) as { data: { cart: string[] } };
      assert.deepEqual(data.cart.toSorted(), items);
    });

    test("P1: without Sessile no request is let in, and none is asked to sign in again", async () => {
      const cookie = await signedIn();
      await sessile.end();
      const answer = await get("/typescript/", cookie);
      assert.deepEqual([answer.status, answer.headers.get("retry-after")], [503, "1"]);
      const python = await get("/fastapi/profile", cookie);
      assert.deepEqual([python.status, python.headers.get("retry-after")], [503, "1"]);
    });
  });

/** A user, and an API key for the FastAPI app. */
async function prepare(path: string): Promise<string> {
  makeUserFile(path);
  const file = openUserFile(path, { synchronous: "NORMAL" });
  new UserStore(file).add("alice", await CHEAP.hash(Buffer.from(PASSWORD)));
  const { key } = new KeyStore(file).add("fastapi", ["sessions:read", "sessions:write"]) ?? assert.fail();
  file.close();
  return key;
}

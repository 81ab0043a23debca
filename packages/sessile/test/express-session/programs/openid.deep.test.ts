// express-openid-connect, whose sessions may lie in a store of express-session, with a provider on this machine.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { after, before, describe, test } from "node:test";
import { Browser, type Program } from "../program.ts";
import { packageOf, storesFor } from "./programs.ts";

const { auth } = packageOf("express-openid-connect");
const express = packageOf("express");
const { Provider } = packageOf("oidc-provider");
const CLIENT = { client_id: "app", client_secret: "a secret of the program, long enough" };
const HOUR = 60 * 60_000;

/** A server of its own before its handler is known, which needs the URL. */
async function listening(): Promise<Program & { readonly server: Server }> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const close = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { server, url, browser: () => new Browser(url), close };
}

/** A browser with the cookies of both sites, which fills in the forms of the provider. */
class Visitor {
  readonly #sites: ReadonlyMap<string, Browser>;

  constructor(...sites: readonly Program[]) {
    this.#sites = new Map(sites.map((site) => [site.url, site.browser()]));
  }

  at(site: Program): Browser {
    return this.#sites.get(site.url) as Browser;
  }

  /** Follows redirects; resolves to the last page. */
  async visit(url: string, fields?: Record<string, string>): Promise<{ url: string; text: string }> {
    const { origin, pathname, search } = new URL(url);
    const browser = this.#sites.get(origin) as Browser;
    const path = pathname + search;
    const { location, text } = await (fields === undefined ? browser.get(path) : browser.post(path, fields));
    return location === null ? { url, text } : this.visit(new URL(location, url).href);
  }

  /** Signs in at the provider, and agrees. */
  async signIn(program: Program, login: string): Promise<string> {
    let page = await this.visit(`${program.url}/login`);
    for (let form = /action="([^"]+)"/.exec(page.text); form !== null; form = /action="([^"]+)"/.exec(page.text)) {
      const [, prompt = ""] = /name="prompt" value="([^"]+)"/.exec(page.text) ?? [];
      page = await this.visit(new URL(form[1] as string, page.url).href, { prompt, login, password: "any" });
    }
    return page.text;
  }
}

/** The subject of an ID token, which the library has verified. */
const subjectOf = (idToken = ".e30.") =>
  JSON.parse(Buffer.from(idToken.split(".")[1] as string, "base64url").toString()).sub;

for (const [name, open] of Object.entries(storesFor(({ data }) => subjectOf(data?.id_token)))) {
  describe(`express-openid-connect over a store that is ${name}`, () => {
    const { store, manager } = open();
    let provider: Awaited<ReturnType<typeof listening>>;
    let program: Awaited<ReturnType<typeof listening>>;

    before(async () => {
      provider = await listening();
      program = await listening();
      const client = { ...CLIENT, redirect_uris: [`${program.url}/callback`] };
      const findAccount = (_: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) });
      const oidc = new Provider(provider.url, { clients: [client], cookies: { keys: ["key"] }, findAccount });
      provider.server.on("request", oidc.callback());
      const app = express();
      app.use(
        auth({
          issuerBaseURL: provider.url,
          baseURL: program.url,
          clientID: CLIENT.client_id,
          clientSecret: CLIENT.client_secret,
          secret: "a secret of the cookie, long enough",
          authRequired: false,
          authorizationParams: { response_type: "code" },
          session: { store, absoluteDuration: HOUR / 1000, rollingDuration: HOUR / 1000 },
        }),
      );
      app.get("/", (request: { oidc: { user?: { sub: string } } }, response: { json(value: unknown): void }) =>
        response.json(request.oidc.user?.sub ?? null),
      );
      program.server.on("request", app);
    });
    after(() => Promise.all([provider.close(), program.close()]));

    test("a visitor signs in at the provider, stays signed in, and signs out", async () => {
      const visitor = new Visitor(provider, program);
      assert.equal(await visitor.signIn(program, "anna"), '"anna"');
      assert.equal((await visitor.at(program).get("/")).text, '"anna"');
      const copy = visitor.at(program).copy();
      await visitor.at(program).get("/logout");
      assert.equal((await visitor.at(program).get("/")).text, "null");
      assert.equal((await copy.get("/")).text, "null", "the cookie of before opens nothing");
    });

    if (manager !== null)
      test("its sessions are listed by user, end when the cookie does, and are revoked from outside", async () => {
        const visitor = new Visitor(provider, program);
        await visitor.signIn(program, "bert");
        const { sessions } = await manager.list("bert");
        assert.equal(sessions.length, 1);
        const left = (sessions[0]?.expiresAt ?? 0) - Date.now();
        assert.ok(left > HOUR - 60_000 && left <= HOUR, `it ends in ${left} ms`);
        await manager.revokeUser("bert");
        assert.equal((await visitor.at(program).get("/")).text, "null");
      });
  });
}

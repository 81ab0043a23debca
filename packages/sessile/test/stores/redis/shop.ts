// A small web application whose sessions are in Redis, for tests that break Redis under it.

import assert from "node:assert/strict";
import Fastify, { type FastifyRequest } from "fastify";
import { cookieTransport, type Session, SessionManager } from "sessile";
import { sessions } from "sessile/fastify";
import type { SessionStore } from "sessile/store";

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly cookies: readonly string[];
}

export interface Shop {
  ask(route: keyof typeof ROUTES, cookie?: string): Promise<Answer>;
  /** Signs a user in and returns the cookie. */
  signIn(): Promise<string>;
  close(): Promise<void>;
}

/** `count` writes, `cart` begins an anonymous session. */
const ROUTES = {
  public: "GET",
  profile: "GET",
  count: "POST",
  cart: "POST",
  login: "POST",
  logout: "POST",
} as const;

export async function openShop(store: SessionStore): Promise<Shop> {
  const manager = new SessionManager({ store, transports: [cookieTransport()], sweepInterval: 0 });
  const app = Fastify({ forceCloseConnections: true });
  await app.register(sessions, { manager });
  app.get("/public", async () => "public");
  const guarded =
    (act: (session: Session) => unknown) =>
    async ({ session }: FastifyRequest) =>
      act(session.require()) ?? "done";
  app.get(
    "/profile",
    guarded(({ userId }) => userId),
  );
  app.post(
    "/count",
    guarded((session) => session.update("count", (count) => Number(count ?? 0) + 1)),
  );
  app.post("/cart", async ({ session }) => {
    session.set("cart", 1);
    return "done";
  });
  app.post("/login", async ({ session }) => {
    await session.signIn("anna");
    return "in";
  });
  app.post("/logout", async ({ session }) => {
    await session.signOut();
    return "out";
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const ask: Shop["ask"] = async (route, cookie) => {
    const headers = { connection: "close", ...(cookie !== undefined && { cookie }) };
    const response = await fetch(`${url}/${route}`, { method: ROUTES[route], headers });
    await response.text();
    const { status } = response;
    return { status, retryAfter: response.headers.get("retry-after"), cookies: response.headers.getSetCookie() };
  };
  return {
    ask,
    async signIn() {
      const { status, cookies } = await ask("login");
      assert.equal(status, 200);
      return cookies[0]?.split(";")[0] as string;
    },
    close: async () => {
      await app.close();
      await manager.close();
    },
  };
}

import Fastify from "fastify";
import * as openid from "openid-client";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/fastify";

const { ISSUER = "http://localhost:4000", CLIENT_ID = "shop", CLIENT_SECRET = "secret" } = process.env;
const port = Number(process.env.PORT ?? 3000);
const origin = process.env.ORIGIN ?? `http://localhost:${port}`;

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const execute = ISSUER.startsWith("http://localhost:") ? [openid.allowInsecureRequests] : [];
const provider = await openid.discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, { execute });

const app = Fastify();
await app.register(sessions, { manager });
app.get("/", async ({ session }) => ({ user: session.userId }));

app.get("/login", async ({ session }, reply) => {
  const [verifier, state] = [openid.randomPKCECodeVerifier(), openid.randomState()];
  session.set("signIn", { verifier, state });
  const url = openid.buildAuthorizationUrl(provider, {
    redirect_uri: `${origin}/callback`,
    scope: "openid",
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
  });
  return reply.redirect(url.href, 303);
});

app.get("/callback", async ({ session, url }, reply) => {
  const { verifier = "", state = "" } = (session.get("signIn") ?? {}) as { verifier?: string; state?: string };
  session.remove("signIn"); // good for one answer
  const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
  const tokens = await openid.authorizationCodeGrant(provider, new URL(url, origin), checks).catch(() => null);
  const claims = tokens?.claims();
  if (claims === undefined) return reply.code(400).send({ detail: "The sign-in failed. Try again." });
  await session.signIn(`${claims.iss} ${claims.sub}`, { data: { idToken: tokens?.id_token ?? "" } });
  return reply.redirect("/", 303);
});

app.post("/logout", async ({ session }, reply) => {
  const hint = String(session.get("idToken") ?? "");
  await session.signOut();
  const url = openid.buildEndSessionUrl(provider, { id_token_hint: hint, post_logout_redirect_uri: origin });
  return reply.redirect(url.href, 303);
});

await app.listen({ port });

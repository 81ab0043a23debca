import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import Fastify from "fastify";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/fastify";

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const users = new Map([["anna", { id: "1", ...(await hashed("correct horse battery")) }]]);
const stranger = { id: null, ...(await hashed("")) };

/** 128 MiB and some 0.4 s, as OWASP recommends. */
function hash(password: string, salt: Buffer): Promise<Buffer> {
  const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 };
  return new Promise((resolve, reject) =>
    scrypt(password.normalize("NFKC"), salt, 32, cost, (error, key) => (error ? reject(error) : resolve(key))),
  );
}

async function hashed(password: string, salt = randomBytes(16)) {
  return { salt, key: await hash(password, salt) };
}

/** The user's id; null, after the same time, when the name or the password is wrong. */
async function check(name: string, password: string): Promise<string | null> {
  const user = users.get(name) ?? stranger;
  return timingSafeEqual(await hash(password, user.salt), user.key) ? user.id : null;
}

const QUARTER = 15 * 60; // seconds
const byUser = new RateLimiterMemory({ points: 10, duration: QUARTER });
const byNetwork = new RateLimiterMemory({ points: 100, duration: QUARTER });

const app = Fastify();
await app.register(sessions, { manager });
app.get("/", async ({ session }) => ({ user: session.userId }));
app.post<{ Body: { name: string; password: string } }>("/login", async ({ session, body, headers, ip }, reply) => {
  const name = String(body.name);
  const isAllowed = await Promise.all([byUser.consume(name), byNetwork.consume(ip)]).catch(() => null);
  if (isAllowed === null) return reply.code(429).send({ detail: "Too many attempts. Try again in 15 minutes." });
  const userId = await check(name, String(body.password));
  if (userId === null) return reply.code(401).send({ detail: "Wrong name or password" });
  await byUser.delete(name);
  await session.signIn(userId, { device: headers["user-agent"] ?? "" });
  return {};
});
app.post("/logout", async ({ session }) => {
  await session.signOut();
  return {};
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });

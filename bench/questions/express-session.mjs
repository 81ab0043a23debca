// What do express-session's updates and sign-ins cost over a store of Sessile, beside its usual stores?
import { compare } from "../lib/rounds.mjs";
import { SIGN_IN } from "./sign-in.mjs";
import { UPDATE } from "./update.mjs";

export const title = "express-session over its usual stores, and over those of Sessile";

const NAMES = [
  "none",
  "express-session",
  "express-session, memorystore",
  "express-session, sessile",
  "express-session, sqlite",
  "express-session, sessile sqlite",
  "express-session, connect-redis",
  "express-session, sessile redis",
];

export async function run(bench) {
  const rows = (request, settings = {}) =>
    compare(
      bench,
      NAMES.map((variant) => [variant, { server: { server: "express", variant, ...settings }, request }]),
    );
  return { update: await rows(UPDATE), "sign-in": await rows(SIGN_IN, { sessions: 1 }) };
}

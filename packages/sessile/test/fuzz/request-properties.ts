// Whole requests with any headers: each belongs to a user, is anonymous, or is a 4xx, and no part of a token shows
// where it should not.

import assert from "node:assert/strict";
import { inspect } from "node:util";
import fc from "fast-check";
import { bearerTransport, cookieTransport, headerTransport, isSessionError, type Session } from "sessile";
import type { Property } from "sessile-test-support/properties";
import { parseToken } from "#dist/core/token.js";
import { decodeRecord } from "#dist/stores/network/codec.js";
import { parseCursor } from "#dist/stores/paging.js";
import { type Bag, Bench, ResponseRecorder, requestWith, sidOf } from "../support/requests.ts";
import { hostile, newToken, odd, pieceOf } from "./inputs.ts";

const NAMES = [
  "x-session-token",
  "authorization",
  "cookie",
  "origin",
  "host",
  "sec-fetch-site",
  "upgrade",
  "__proto__",
  "x-other",
];
const METHODS = ["GET", "POST", "OPTIONS", "DELETE", "", "get", "PRI"];
const DEEDS = {
  nothing: () => {},
  read: (session) => session.get("k"),
  write: (session) => session.set("k", [1]),
  remove: (session) => session.remove("k"),
  rotate: (session) => session.rotate(),
  poll: (session) => session.notActivity(),
  signIn: (session) => session.signIn("bob"),
  signOut: (session) => session.signOut(),
} satisfies Record<string, (session: Session<Bag>) => unknown>;

/** As in `promises`: what a client may be answered with because of what it sent. */
const CLIENT_ERRORS = [400, 401, 403];

export const requestProperties: readonly Property[] = [
  {
    name: "B2, B7, P5: a request with any headers is a user's, anonymous or refused with 4xx, and asks the store for whole tokens only",
    cases: 60_000,
    make: () => {
      const bench = new Bench({ transports: [headerTransport(), bearerTransport(), cookieTransport()] });
      const forged = newToken();
      const deeds = fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[]));
      const pieces = fc.array(
        fc.oneof(fc.constantFrom("LIVE", "FORGED", "Bearer ", "; __Host-session=", ", "), hostile()),
        { maxLength: 5 },
      );
      const headers = fc.dictionary(fc.constantFrom(...NAMES), pieces, { maxKeys: 5 });
      return fc.asyncProperty(headers, fc.constantFrom(...METHODS), odd, deeds, async (given, method, path, deed) => {
        const live = await bench.signIn();
        bench.spied.take();
        const texts = Object.entries(given).map(([name, pieces]) => [
          name,
          pieces.join("").replaceAll("LIVE", live).replaceAll("FORGED", forged),
        ]);
        const sent = Object.fromEntries(texts) as Record<string, string>;
        const response = new ResponseRecorder();
        try {
          const { session, commit } = await bench.manager.open(requestWith(sent, { method, path }));
          assert.ok(session.userId === null || (session.userId === "ann" && JSON.stringify(sent).includes(live)));
          await DEEDS[deed](session);
          await commit(200, response);
        } catch (error) {
          assert.ok(isSessionError(error) && CLIENT_ERRORS.includes(error.statusCode), inspect(error));
        }
        for (const [, value] of response.lines) assert.match(value, /^[\x20-\x7e]*$/);
        assertOnlyWholeTokens(
          bench,
          [live, forged].filter((token) => JSON.stringify(sent).includes(token)),
        );
        await bench.spied.inner.deleteByUser("ann");
        await bench.spied.inner.deleteByUser("bob");
      });
    },
  },
  {
    name: "N1: no message and no event holds a token or a secret, wherever it was put by mistake",
    cases: 30_000,
    make: () => {
      const wrap = fc.tuple(
        fc.constantFrom("", "x", "Bearer ", "a=", "\n"),
        fc.constantFrom("", "x", " ", ",", '"', "\0", ", b"),
      );
      return fc.asyncProperty(fc.nat(MISTAKES.length - 1), wrap, async (index, [before, after]) => {
        const bench = new Bench({
          transports: [headerTransport(), bearerTransport(), cookieTransport()],
          userLimit: { max: 2, onExceeded: "refuse" },
        });
        const token = await bench.signIn();
        const heard: string[] = [];
        await Promise.resolve()
          .then(() => MISTAKES[index]?.(bench, before + token + after, token))
          .catch((error: unknown) => heard.push(describe(error)));
        heard.push(...bench.events.map((event) => inspect(event, { depth: 5 })));
        for (const text of heard) assertSilent(text, token);
      });
    },
  },
  {
    name: "B2: a piece of a token, or one with something around it, is anonymous",
    cases: 30_000,
    make: () => {
      const bench = new Bench();
      const token = bench.signIn();
      return fc.asyncProperty(fc.gen(), async (gen) => {
        const whole = await token;
        const value = [gen(() => odd), gen(pieceOf, whole), gen(() => odd)].join("");
        fc.pre(value.trim() !== whole && !value.split(",").some((each) => each.trim() === whole));
        const answer = await bench.open(value).catch((error: unknown) => {
          assert.ok(isSessionError(error, "ERR_SESSION_CREDENTIALS"));
        });
        assert.ok(answer === undefined || answer.session.userId === null);
      });
    },
  },
];

/** Ways to put a token where it does not belong. */
const MISTAKES: readonly ((bench: Bench, text: string, token: string) => unknown)[] = [
  (bench, text) => bench.open(text),
  (bench, text, token) => bench.open(`${text}, ${token}`),
  (bench, text, token) =>
    bench.manager.open(requestWith({ authorization: `Bearer ${text}`, "x-session-token": token })),
  (bench, text, token) =>
    bench.manager.open(requestWith({ cookie: `__Host-session=${text}; __Host-session=${token}` })),
  (bench, text, token) =>
    bench.manager.open(requestWith({ cookie: `__Host-session=${token}`, origin: text, host: "a" })),
  (bench, text, token) => bench.manager.open(requestWith({ "x-session-token": token }, { method: text, path: text })),
  (bench, text) => bench.manager.revoke(text),
  (bench, text) => bench.manager.revoke(sidOf(text), { userId: text }),
  (bench, text) => bench.manager.revokeUser("ann", { except: text }),
  (bench, text) => bench.manager.list("ann", { after: text }),
  (bench, text) => bench.manager.list("ann", { limit: text as never }),
  (bench, text, token) => bench.send(token, (session) => session.set("k", { [`${text}\ud800`]: 1 } as never)),
  (bench, text, token) => bench.send(token, (session) => session.set("k", [Symbol(text)] as never)),
  (bench, text, token) => bench.send(token, (session) => session.set("k", text.repeat(2000))),
  (bench, text, token) => bench.send(token, (session) => session.set("k", new Map([[text, text]]) as never)),
  (bench, text, token) =>
    bench.send(token, (session) => session.update("k", () => Object.assign(() => 1, { text }) as never)),
  (bench, text, token) => bench.send(token, (session) => session.signIn(text.repeat(5))),
  (bench, text, token) => bench.send(token, (session) => session.signIn("ann", { device: `${text}\ud800` })),
  (bench, text, token) => bench.send(token, (session) => session.signIn("ann", { data: { k: [text, Number.NaN] } })),
  async (bench, text) => {
    await bench.signIn();
    await bench.send(null, (session) => session.signIn("ann", { data: { k: text } }));
  },
  (bench, _text, token) => bench.send(token, (session) => session.rotate()),
  (bench, _text, token) => bench.send(token, (session) => session.signOut()),
  async (bench, _text, token) => {
    const record = await bench.recordOf(token);
    bench.spied.before = () => bench.spied.inner.close();
    await bench.send(token, () => record);
  },
  (_bench, text) => new Bench({ tokenPrefix: text }),
  (_bench, text) => new Bench({ schema: text as never, keys: text as never }),
  (_bench, text) => new Bench({ limits: { keys: text as never } }),
  (_bench, text) => cookieTransport({ domain: text, path: text }),
  (_bench, text) => cookieTransport({ trustedOrigins: [text], exemptPaths: [text] }),
  (_bench, text) => headerTransport({ name: text }),
  (_bench, text) => decodeRecord(text, sidOf(text)),
  (_bench, text) => parseCursor(text),
];

function describe(error: unknown): string {
  assert.ok(isSessionError(error), inspect(error));
  return `${error.message}\n${error.stack}\n${inspect(error)}`;
}

/** Neither the token nor the part of it that is secret, nor a good piece of that. */
function assertSilent(text: string, token: string): void {
  const secret = token.slice(26, 70);
  for (let at = 0; at + 12 <= secret.length; at++)
    assert.ok(!text.includes(secret.slice(at, at + 12)), text.replaceAll(token, "<token>"));
}

function assertOnlyWholeTokens({ spied }: Bench, tokens: readonly string[]): void {
  const sids = tokens.filter((token) => parseToken("ses_", token) !== null).map(sidOf);
  for (const { method, args } of spied.calls.splice(0)) {
    if (method === "create") continue;
    assert.ok(sids.includes(args[0] as string), `${method} was asked for something else`);
  }
}

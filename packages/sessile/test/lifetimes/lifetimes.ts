// Lifetimes that a sign-in asks for, on whatever store is given: two processes, each with a connection of its own.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { cookieTransport, type Session, SessionManager, type SessionManagerOptions } from "sessile";
import { formerSessions, importFormerSession } from "sessile/former-sessions";
import type { SessionStore } from "sessile/store";
import { testClock } from "sessile/testing";
import { type Bag, DAY, HOUR, MINUTE } from "../requirements/node.ts";
import { ResponseRecorder, requestWith, sidOf } from "../support/requests.ts";

interface Opened {
  /** Two ways to the same records, as two processes have them. */
  readonly stores: readonly [SessionStore, SessionStore];
  readonly close: () => Promise<void>;
}

const MONTH = 30 * DAY;
const longest = { absolute: MONTH, idle: MONTH };

/** A browser, which keeps the cookie that it is handed. */
interface Browser {
  cookie: string;
  /** The `Set-Cookie` of the last answer that had one. */
  line: string;
}

type Handle = (session: Session<Bag>) => unknown;

export function lifetimes(name: string, open: () => Promise<Opened>): void {
  describe(`lifetimes of a sign-in's own, on ${name}`, () => {
    let opened: Opened;
    let users = 0;
    before(async () => {
      opened = await open();
    });
    after(() => opened?.close());

    const clock = testClock();
    const manager = (which: 0 | 1, options: Partial<SessionManagerOptions> = { longest }): SessionManager<Bag> => {
      const transports = [cookieTransport()];
      const store = opened.stores[which];
      return new SessionManager<Bag>({ transports, sweepInterval: 0, ...options, store, clock: clock.now });
    };
    const both = (options?: Partial<SessionManagerOptions>) => [manager(0, options), manager(1, options)] as const;
    const newUser = (): string => `life-${process.pid}-${users++}`;

    test(`E1, E2: on ${name}, a month, 15 minutes and the browser's own stand under one manager, each to the millisecond`, async () => {
      const [one, two] = both();
      const user = newUser();
      const kept = await signIn(one, user, { absoluteTimeout: MONTH, idleTimeout: MONTH });
      const strict = await signIn(two, user, { idleTimeout: 15 * MINUTE, absoluteTimeout: HOUR });
      const browsers = await signIn(one, user, { persistent: false });
      assert.match(kept.line, /; Max-Age=2592000;/);
      assert.match(strict.line, /; Max-Age=3600;/);
      assert.doesNotMatch(browsers.line, /Max-Age/);
      const infos = (await two.list(user)).sessions;
      const shown = infos.map(({ idleTimeout, absoluteExpiresAt, createdAt, persistent }) =>
        [idleTimeout, absoluteExpiresAt - createdAt, persistent].join(),
      );
      const expected = [`${MONTH},${MONTH},true`, `${15 * MINUTE},${HOUR},true`, `${HOUR},${DAY},false`];
      assert.deepEqual(shown.sort(), expected.sort());
      for (let used = 0; used < 4; used++) {
        clock.advance(15 * MINUTE - 1);
        assert.equal(await visit(used % 2 === 0 ? one : two, strict), user, "touched often enough");
      }
      clock.advance(3);
      assert.deepEqual([await look(one, strict), await look(two, strict)], [user, user]);
      clock.advance(1);
      assert.deepEqual([await look(two, strict), await look(one, browsers), await look(two, kept)], [null, null, user]);
      clock.advance(MONTH - HOUR - 1);
      assert.equal(await look(one, kept), user);
      clock.advance(1);
      assert.equal(await look(two, kept), null);
      assert.deepEqual((await one.list(user)).sessions, []);
    });

    test(`E1: on ${name}, they stay through writes, touches, offers that are taken and hard rotations`, async () => {
      const [one, two] = both({ longest, rotateAfter: 2 * HOUR });
      const user = newUser();
      const asked = { absoluteTimeout: 20 * DAY, idleTimeout: 10 * DAY, persistent: false };
      const browser = await signIn(one, user, asked);
      const sid = sidOf(browser.cookie.split("=")[1] as string);
      const lines = new Set<string>();
      for (let round = 0; round < 3; round++) {
        clock.advance(3 * HOUR);
        const before = browser.cookie;
        await visit(one, browser, (session) => session.set(`k${round}`, round));
        assert.notEqual(browser.cookie, before, "an offer");
        clock.advance(3 * MINUTE);
        await visit(two, browser);
        lines.add(attributesOf(browser.line));
      }
      await visit(two, browser, (session) => session.rotate());
      lines.add(attributesOf(browser.line));
      assert.deepEqual([...lines], ["Path=/; Secure; HttpOnly; SameSite=Lax"]);
      const found = await one.find(sid);
      assert.ok(found);
      const { absoluteExpiresAt, createdAt, idleTimeout, persistent } = found;
      assert.deepEqual([absoluteExpiresAt - createdAt, idleTimeout, persistent], [20 * DAY, 10 * DAY, false]);
      clock.advance(10 * DAY - 1);
      assert.equal(await look(two, browser), user);
      clock.advance(1);
      assert.equal(await look(one, browser), null);
    });

    for (const onExceeded of ["evictOldest", "refuse"] as const) {
      test(`D8: on ${name}, the user's limit counts sessions of every lifetime until they end: ${onExceeded}`, async () => {
        const [one, two] = both({ longest, userLimit: { max: 2, onExceeded } });
        const user = newUser();
        const kept = await signIn(one, user, { absoluteTimeout: MONTH, idleTimeout: MONTH });
        await signIn(two, user, { absoluteTimeout: 15 * MINUTE, idleTimeout: 15 * MINUTE });
        const more = signIn(one, user);
        if (onExceeded === "refuse") await assert.rejects(more, { code: "ERR_SESSION_LIMIT" });
        else await more;
        assert.equal((await two.list(user)).sessions.length, 2);
        clock.advance(DAY);
        await signIn(two, user, { absoluteTimeout: MONTH, idleTimeout: MONTH });
        const { sessions } = await one.list(user);
        if (onExceeded === "refuse") assert.equal(await look(two, kept), user);
        assert.ok(sessions.length >= 1 && sessions.length <= 2);
        assert.ok(sessions.every(({ idleTimeout }) => idleTimeout === MONTH));
        await one.revokeUser(user);
        assert.deepEqual((await two.list(user)).sessions, []);
        assert.equal(await look(one, kept), null);
      });
    }

    test(`E2: on ${name}, a process that is configured shorter ends them sooner, one that is configured longer no later`, async () => {
      const [one] = both();
      const short = manager(1, { longest: { absolute: 2 * DAY, idle: 2 * HOUR } });
      const shortest = manager(1, { absoluteTimeout: HOUR, idleTimeout: HOUR });
      const longer = manager(1, { longest: { absolute: 400 * DAY, idle: 400 * DAY } });
      const asked = { absoluteTimeout: 20 * DAY, idleTimeout: 10 * DAY };
      const begin = (): Promise<Browser> => signIn(one, newUser(), asked);
      for (const [process, idle] of [
        [short, 2 * HOUR],
        [shortest, HOUR],
        [longer, 10 * DAY],
      ] as const) {
        const browser = await begin();
        clock.advance(idle - 1);
        assert.notEqual(await look(process, browser), null);
        clock.advance(1);
        assert.equal(await look(process, browser), null);
        assert.equal(await look(one, browser), null, "what one process ended is over for all");
      }
      const used = await begin();
      for (let hours = 0; hours < 48; hours += 2) {
        assert.notEqual(await visit(short, used), null);
        clock.advance(2 * HOUR - MINUTE);
        await visit(one, used);
        await one.flush();
        clock.advance(MINUTE);
      }
      assert.equal(await look(short, used), null, "two days in all");
    });

    test(`D10: on ${name}, a remembered session is fresh only for as long as \`requireFresh\` says`, async () => {
      const [one, two] = both();
      const browser = await signIn(one, newUser(), { absoluteTimeout: MONTH, idleTimeout: MONTH });
      clock.advance(HOUR - 1);
      await visit(two, browser, (session) => session.requireFresh(HOUR));
      clock.advance(1);
      await assert.rejects(
        visit(two, browser, (session) => session.requireFresh(HOUR)),
        { code: "ERR_SESSION_STALE" },
      );
    });

    test(`on ${name}, a new sign-in of the same browser has the lifetimes that it asks for, not those of the one before`, async () => {
      const [one, two] = both();
      const browser = await signIn(one, newUser(), { absoluteTimeout: MONTH, idleTimeout: MONTH, persistent: false });
      const user = newUser();
      await visit(two, browser, (session) => session.signIn(user));
      assert.match(browser.line, /; Max-Age=86400;/);
      const [info] = (await one.list(user)).sessions;
      assert.deepEqual([info?.idleTimeout, info?.persistent], [HOUR, true]);
    });

    test(`F3: on ${name}, an imported session of express-session ends with the browser where the former one did`, async () => {
      const [one] = both();
      const [store, other] = opened.stores;
      for (const persistent of [true, false]) {
        const [userId, id] = [newUser(), `former-${persistent}`];
        const former = { id, userId, data: { cart: [1] }, expiresAt: clock.now() + MONTH, persistent };
        await importFormerSession(store, former, clock.now);
        const move = formerSessions({ store: other, secret: "s", clock: clock.now });
        const browser = { cookie: "", line: "" };
        await visit(one, browser, async (session) => {
          assert.equal(await move.signIn(session, cookieOf(id)), true);
        });
        assert.equal(/Max-Age/.test(browser.line), persistent);
        assert.equal((await one.list(userId)).sessions[0]?.persistent, persistent);
      }
    });
  });
}

/** One whole request of a browser. Gives back who is signed in. */
async function visit(
  manager: SessionManager<Bag>,
  browser: Browser,
  handle: Handle = () => {},
): Promise<string | null> {
  const { session, commit } = await manager.open(requestWith(browser.cookie === "" ? {} : { cookie: browser.cookie }));
  const response = new ResponseRecorder();
  try {
    await handle(session);
  } finally {
    await commit(200, response);
  }
  const line = response.all("set-cookie").find((each) => !each.includes("Max-Age=0"));
  if (line !== undefined) {
    browser.line = line;
    browser.cookie = line.split(";", 1)[0] as string;
  }
  return session.userId;
}

/** The user who would be signed in. Nothing is committed. */
async function look(manager: SessionManager<Bag>, { cookie }: Browser): Promise<string | null> {
  return (await manager.open(requestWith({ cookie }, { method: "GET" }))).session.userId;
}

async function signIn(manager: SessionManager<Bag>, user: string, options: object = {}): Promise<Browser> {
  const browser = { cookie: "", line: "" };
  await visit(manager, browser, (session) => session.signIn(user, options));
  return browser;
}

/** A cookie as express-session signs it, with the secret `s`. */
function cookieOf(id: string): string {
  const signature = createHmac("sha256", "s").update(id).digest("base64").replace(/=+$/, "");
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`;
}

const attributesOf = (line: string): string => line.split("; ").slice(1).join("; ");

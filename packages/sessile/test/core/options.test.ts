// Every option that cannot work is refused when the manager is made, by its name.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import {
  bearerTransport,
  cookieTransport,
  headerTransport,
  memoryStore,
  SessionManager,
  type SessionManagerOptions,
} from "sessile";
import { resolveOptions } from "#dist/core/options.js";

const GOOD: SessionManagerOptions = { store: memoryStore(), transports: [headerTransport()], sweepInterval: 0 };

const notDurations = [
  null,
  "60000",
  "1h",
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -1,
  1.5,
  1e15,
  1n,
  true,
  {},
  [],
  Symbol("s"),
];
const notFunctions = [null, 1, "x", {}, true];

const BAD: Readonly<Record<string, readonly unknown[]>> = {
  store: [undefined, null, {}, "memory", memoryStore, { load() {}, commit() {} }],
  transports: [
    undefined,
    null,
    [],
    {},
    headerTransport(),
    [null],
    [{}],
    [{ read() {} }],
    [headerTransport],
    "header",
    [headerTransport(), undefined],
  ],
  idleTimeout: [...notDurations, 0],
  absoluteTimeout: [...notDurations, 0],
  touchInterval: [...notDurations, 3_600_000, 3_600_001],
  rotateAfter: [...notDurations, 0],
  rotationGrace: notDurations,
  sweepInterval: [...notDurations, 2_147_483_648],
  userLimit: [
    null,
    3,
    "3",
    {},
    [],
    { max: 0, onExceeded: "refuse" },
    { max: 1.5, onExceeded: "refuse" },
    { max: Number.NaN, onExceeded: "refuse" },
    { max: "1", onExceeded: "refuse" },
    { max: 1 },
    { max: 1, onExceeded: "evict" },
    { max: 1, onExceeded: "refuse", more: 1 },
  ],
  tokenPrefix: [null, "", "ses", "ses-", "_", "é_", 5, "toolongtoolongtool_"],
  schema: [null, {}, () => {}, { "~standard": {} }, "zod"],
  limits: [null, 5, "x", true],
  clock: [...notFunctions, () => Number.NaN, () => "now", () => undefined, () => 1.5, () => new Date()],
  onWarning: notFunctions,
};

describe("a manager", () => {
  for (const [name, values] of Object.entries(BAD)) {
    test(`E6, O3: refuses ${values.length} values of ${name}`, () => {
      for (const value of values) {
        assert.throws(
          () => new SessionManager({ ...GOOD, [name]: value }),
          (error: { code?: string; message: string }) =>
            error.code === "ERR_SESSION_OPTION" && error.message.includes(`\`${name}`),
          `${name}: ${inspect(value)}`,
        );
      }
    });
  }

  for (const name of ["dataBytes", "keys", "depth"]) {
    test(`E6, O3: refuses values of limits.${name}`, () => {
      for (const value of [null, 0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "9", 1n]) {
        const expected = { code: "ERR_SESSION_OPTION", message: new RegExp(`\`limits\\.${name}\``) };
        assert.throws(() => new SessionManager({ ...GOOD, limits: { [name]: value } }), expected);
      }
    });
  }

  test("O3: refuses unknown options, also inside others, and says which there are", () => {
    for (const [typo, expected] of [
      ["idleTimeOut", "Did you mean `idleTimeout`?"],
      ["idelTimeout", "Did you mean `idleTimeout`?"],
      ["transport", "Did you mean `transports`?"],
      ["Store", "Did you mean `store`?"],
      ["ttl", "Did you mean `idleTimeout`?"],
      ["maxAge", "Did you mean `absoluteTimeout`?"],
      ["expiresIn", "Did you mean `absoluteTimeout`?"],
      ["secret", "Did you mean `keys`?"],
      ["password", "Did you mean `keys`?"],
      ["cookie", "Did you mean `transports`?"],
      ["name", "Did you mean `name` of `cookieTransport`?"],
      ["resave", "Leave it out: a session is stored when it changes, and goes on while it is used."],
      ["constructor", "There are `store`, `transports`, `idleTimeout`, "],
      ["__proto", "There are `store`, `transports`, `idleTimeout`, "],
    ] as const) {
      assert.throws(
        () => new SessionManager({ ...GOOD, [typo]: 1 }),
        (error: { code?: string; message: string }) =>
          error.code === "ERR_SESSION_OPTION" && error.message.startsWith(`Unknown option \`${typo}\`. ${expected}`),
        typo,
      );
    }
    assert.throws(() => cookieTransport({ maxAge: 1 } as object), {
      message: "Unknown option `maxAge`. Did you mean `absoluteTimeout` of `SessionManager`?",
    });
    assert.throws(() => new SessionManager({ ...GOOD, limits: { bytes: 1 } as object }), {
      message: /`limits\.bytes`/,
    });
    for (const none of [undefined, null, 5, "x"])
      assert.throws(() => new SessionManager(none as never), { code: "ERR_SESSION_OPTION" });
  });

  test("takes undefined for an option that is not given", () => {
    const names = Object.keys(BAD).filter((name) => name !== "store" && name !== "transports");
    const settings = resolveOptions({
      ...GOOD,
      ...Object.fromEntries(names.map((name) => [name, undefined])),
    } as SessionManagerOptions);
    assert.deepEqual(settings, resolveOptions({ store: GOOD.store, transports: GOOD.transports }));
  });

  test("E1: has NIST's AAL2 limits by default", () => {
    const {
      idleTimeout,
      absoluteTimeout,
      touchInterval,
      rotateAfter,
      rotationGrace,
      sweepInterval,
      limits,
      tokenPrefix,
    } = resolveOptions({ store: GOOD.store, transports: GOOD.transports });
    assert.deepEqual(
      [idleTimeout, absoluteTimeout, touchInterval, rotateAfter, rotationGrace, sweepInterval, tokenPrefix],
      [3_600_000, 86_400_000, 60_000, Number.POSITIVE_INFINITY, 60_000, 60_000, "ses_"],
    );
    assert.deepEqual(limits, { dataBytes: 65_536, keys: 256, depth: 32 });
  });

  test("E5: touches at most every tenth of a short idle timeout by default", () => {
    for (const [idleTimeout, expected] of [
      [1, 0],
      [9, 0],
      [10, 1],
      [600_000, 60_000],
      [599_999, 59_999],
    ] as const) {
      assert.equal(resolveOptions({ ...GOOD, idleTimeout }).touchInterval, expected);
    }
  });

  test("refuses an idle timeout above the absolute one when both are given", () => {
    assert.throws(() => resolveOptions({ ...GOOD, idleTimeout: 600_001, absoluteTimeout: 600_000 }), {
      code: "ERR_SESSION_OPTION",
      message: "`idleTimeout` must be at most `absoluteTimeout` (600000 ms), which ends the session before.",
    });
    const equal = resolveOptions({ ...GOOD, idleTimeout: 600_000, absoluteTimeout: 600_000 });
    assert.equal(equal.idleTimeout, 600_000);
  });

  test("shortens the default idle timeout to a shorter absolute one", () => {
    const { store, transports } = GOOD;
    const settings = resolveOptions({ store, transports, absoluteTimeout: 600_000 });
    assert.deepEqual([settings.idleTimeout, settings.touchInterval, settings.longest.idle], [600_000, 60_000, 600_000]);
  });

  test("keeps the settings it was made with, whatever happens to the options", () => {
    const transports = [headerTransport()];
    const limits = { keys: 5 };
    const userLimit = { max: 3, onExceeded: "refuse" as const };
    const settings = resolveOptions({ ...GOOD, transports, limits, userLimit });
    userLimit.max = 99;
    assert.equal(settings.userLimit?.max, 3);
    transports.pop();
    limits.keys = 1;
    assert.deepEqual([settings.transports.length, settings.limits.keys, Object.isFrozen(settings)], [1, 5, true]);
  });
});

test("a listener for an event that there is not is refused, with the one that was probably meant", () => {
  const manager = new SessionManager(GOOD);
  for (const [name, message] of [
    ["signout", "Unknown event `signout`. Did you mean `signedOut`?"],
    ["revoke", "Unknown event `revoke`. Did you mean `revoked`?"],
    ["expire", "Unknown event `expire`. Did you mean `expired`?"],
    ["login", /^Unknown event `login`\. There are `created`, `signedIn`, /],
    [undefined, /^Unknown event `undefined`\. There are /],
  ] as const) {
    assert.throws(() => manager.on(name as never, () => {}), { code: "ERR_SESSION_OPTION", message });
  }
});

describe("a transport", () => {
  test("O3: refuses unknown options", () => {
    for (const make of [headerTransport, bearerTransport, cookieTransport] as ((options: object) => unknown)[]) {
      assert.throws(() => make({ nam: "x" }), { code: "ERR_SESSION_OPTION", message: /`nam`/ });
      assert.throws(() => make(null as never), { code: "ERR_SESSION_OPTION" });
    }
  });
});

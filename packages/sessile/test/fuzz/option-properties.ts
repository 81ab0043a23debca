// Options with anything in them: what is accepted works, what is not is said when it is given and not at the first
// request.

import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bearerTransport,
  cookieTransport,
  headerTransport,
  memoryStore,
  SessionManager,
  type SessionManagerOptions,
} from "sessile";
import type { SessionTransport } from "sessile/adapter";
import { keyRing } from "sessile/keys";
import { redisStore } from "sessile/redis";
import { sqliteStore } from "sessile/sqlite";
import { mintSession } from "sessile/testing";
import type { Property } from "sessile-test-support/properties";
import { requestWith } from "../support/requests.ts";
import { valueOrRefusal } from "./expect.ts";
import { anything, base62, hostile, odd } from "./inputs.ts";

const key = fc.uint8Array({ minLength: 30, maxLength: 40 });
const durations = fc.constantFrom(
  0,
  1,
  1000,
  60_000,
  1e14,
  1e15,
  2 ** 31,
  -1,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "1000",
  5n,
);
/** Lists of four thousand million holes apart, which any walk takes minutes for. */
const strange = fc.oneof(
  anything.filter((value) => !Array.isArray(value) || value.length < 1000),
  odd,
  durations,
  fc.constantFrom<unknown>(
    Symbol("s"),
    new Array(1),
    [undefined],
    [null],
    {},
    [],
    () => 1,
    () => "1",
    Object.create(null),
  ),
);

const managerOptions = fc.record(
  {
    idleTimeout: fc.oneof(durations, fc.nat()),
    absoluteTimeout: fc.oneof(durations, fc.nat()),
    touchInterval: fc.oneof(durations, fc.nat()),
    rotateAfter: fc.oneof(durations, fc.nat()),
    rotationGrace: fc.oneof(durations, fc.nat()),
    userLimit: withStrange({
      max: fc.integer({ min: 0, max: 3 }),
      onExceeded: fc.constantFrom("evictOldest", "refuse"),
    }),
    tokenPrefix: fc.oneof(fc.constantFrom("ses_", "a_", "_", "1_", "a", "a__"), hostile()),
    keys: fc.constant(keyRing([{ id: "1", key: Uint8Array.from({ length: 32 }, (_, i) => i) }])),
    limits: withStrange({ dataBytes: fc.integer({ min: 2, max: 100 }), keys: fc.nat(3), depth: fc.nat(3) }),
    sweepInterval: durations,
    clock: fc.constantFrom<unknown>(
      () => 0,
      () => 2 ** 40,
      () => 0.5,
      () => Number.NaN,
      () => 2n ** 40n,
      Date.now,
    ),
    onWarning: fc.constantFrom<unknown>(() => {}, null),
    schema: fc.constantFrom<unknown>(
      { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) } },
      {},
    ),
    transports: fc.array(fc.constantFrom(headerTransport(), bearerTransport(), cookieTransport()), { maxLength: 3 }),
  },
  { requiredKeys: ["transports"] },
);

export const optionProperties: readonly Property[] = [
  {
    name: "O3: a manager made with any options works, or was refused as ERR_SESSION_OPTION",
    cases: 20_000,
    make: () =>
      fc.asyncProperty(changed(managerOptions), async (options) => {
        const store = memoryStore();
        const made = valueOrRefusal(
          () => new SessionManager({ store, ...options } as SessionManagerOptions),
          "ERR_SESSION_OPTION",
        );
        if (made === null) return;
        const manager = made.value;
        const { headers } = await mintSession(manager, "ann");
        await (await manager.open(requestWith(headers, { method: "GET" }))).commit(200, {
          get: () => undefined,
          set() {},
          append() {},
        });
        await manager.sweep(1);
        await manager.close();
      }),
  },
  {
    name: "H1: a transport made with any options works, or was refused as ERR_SESSION_OPTION",
    cases: 30_000,
    make: () =>
      fc.property(fc.oneof(cookieOptions.map(made(cookieTransport)), headerOptions, bearerOptions), (make) => {
        const transport = valueOrRefusal(make, "ERR_SESSION_OPTION")?.value;
        if (transport !== undefined) assertUsable(transport);
      }),
  },
  {
    name: "O3: a store or a key ring made with any options is made, or was refused as ERR_SESSION_OPTION",
    cases: 20_000,
    make: () => {
      const keys = fc.array(fc.record({ id: fc.oneof(base62(3), odd), key: fc.oneof(key, strange) }), { maxLength: 3 });
      return fc.property(
        fc.oneof(
          fc.oneof(keys, fc.array(strange), strange).map((keys) => () => void keyRing(withoutHoles(keys) as never)),
          changed(fc.record({ maxSessions: durations, maxBytes: durations })).map(
            (options) => () => void memoryStore(options as never),
          ),
          changed(fc.record({ client: clients, prefix: hostile(), deadline: durations })).map(
            (options) => () => void redisStore(options as never),
          ),
          changed(fc.record({ database: strange, synchronous: odd, busyTimeout: durations })).map(
            (options) => () => void sqliteStore(options as never),
          ),
        ),
        (make) => void valueOrRefusal(make, "ERR_SESSION_OPTION"),
      );
    },
  },
];

const cookieOptions = changed(
  fc.record({
    name: fc.oneof(fc.constantFrom("__Host-a", "__Secure-a", "a", "a b", "a;"), hostile()),
    sameSite: fc.constantFrom("Strict", "Lax", "None", "lax"),
    domain: fc.oneof(fc.constantFrom(undefined, "example.com", "a;b"), hostile()),
    path: fc.oneof(fc.constantFrom("/", "/a", "a", "/;"), hostile(fc.constant("/"))),
    secure: fc.boolean(),
    partitioned: fc.boolean(),
    trustedOrigins: fc.array(fc.oneof(fc.constantFrom("https://a.example", "https://a.example/"), hostile())),
    exemptPaths: fc.array(fc.oneof(fc.constant("/hook"), hostile())),
  }),
);
const headerName = fc.oneof(fc.constantFrom("X-Token", "Cookie", "a b", "a\r\nb"), hostile());
const headerOptions = changed(fc.record({ name: headerName })).map(made(headerTransport));
const bearerOptions = changed(fc.record({ responseHeader: headerName })).map(made(bearerTransport));
const clients = fc.constantFrom<unknown>(
  {},
  { sendCommand() {}, isReady: 1 },
  { call() {}, status: "ready", options: {} },
  null,
);

function made(make: (options: never) => SessionTransport): (options: object) => () => SessionTransport {
  return (options) => () => make(options as never);
}

/** The options with some replaced by anything, some left out, and sometimes one that there is not. */
function changed(options: fc.Arbitrary<object>): fc.Arbitrary<Record<string, unknown>> {
  const replaced = fc.array(fc.tuple(fc.nat(), strange), { maxLength: 2 });
  const left = fc.array(fc.nat(), { maxLength: 12 });
  const more = fc.dictionary(fc.constantFrom("ttl", "__proto__", "constructor", ""), strange, { maxKeys: 1 });
  return fc
    .tuple(options, replaced, left, fc.oneof({ weight: 9, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: more }))
    .map(([base, replaced, left, more]) => {
      const entries = Object.entries(base).filter(([name], i) => name === "transports" || !left.includes(i));
      for (const [at, value] of replaced) {
        const entry = entries[at % Math.max(entries.length, 1)];
        if (entry !== undefined && !isKnown(entry[0], value)) entry[1] = value;
      }
      return { ...Object.fromEntries(entries), ...more };
    });
}

/** A list with holes is told apart in the regressions. */
function withoutHoles(keys: unknown): unknown {
  return Array.isArray(keys) ? Array.from(keys as unknown[]) : keys;
}

/** `{}` takes two bytes, see the regressions. */
function isKnown(name: string, value: unknown): boolean {
  return name === "limits" && (value as { dataBytes?: unknown } | null)?.dataBytes === 1;
}

function withStrange(fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 4, arbitrary: fc.record(fields) }, { weight: 1, arbitrary: strange });
}

/** A token that it gives out is read back, and every header is one line. */
function assertUsable(transport: SessionTransport): void {
  const headers: Record<string, string> = {};
  const set = (name: string, value: string): void => {
    headers[name] = value;
  };
  transport.issue("ses_token", 1000, { get: () => undefined, set, append: set });
  transport.clear({ get: () => undefined, set, append: set });
  for (const [name, value] of Object.entries(headers)) {
    assert.match(name, /^[a-z0-9!#$%&'*+.^_`|~-]+$/);
    assert.match(value, /^[\x20-\x7e]*$/);
  }
  assert.ok([undefined, true].includes(transport.permits?.(requestWith({}, { method: "POST" }))));
  assert.deepEqual(transport.read(requestWith()), []);
}

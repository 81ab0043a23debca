// The command line, the environment and the texts in them: understood, or refused in one line that holds no password.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Property } from "sessile-test-support/properties";
import { formatDuration, parseDuration } from "#dist/config/duration.js";
import { UsageError } from "#dist/config/usage-error.js";
import { openStore } from "#dist/store/open-store.js";
import { readConfig } from "../support/config.ts";
import { hostile, odd } from "./inputs.ts";

const DAY = 86_400_000;
const NAMES = [
  "store",
  "users",
  "port",
  "host",
  "idle-timeout",
  "absolute-timeout",
  "longest-session",
  "demo",
  "log-level",
  "trust-proxy",
  "stop-delay",
  "nothing",
];
const VALUES = [
  "1h",
  "0s",
  "400d",
  "401d",
  "65535",
  "65536",
  "true",
  "trace",
  "memory",
  "127.0.0.1,::1/64",
  "0.0.0.0/0",
  "redis://u:p@h",
];

const duration = fc.oneof(
  fc
    .tuple(fc.nat(), fc.constantFrom("ms", "s", "m", "h", "d", "", "H", "min", " ms"))
    .map(([count, unit]) => `${count}${unit}`),
  hostile(fc.constantFrom("1", "ms", "h")),
);
const value = fc.oneof(fc.constantFrom(...VALUES), duration, hostile());
const named = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom("=", " "), value);
const args = fc.oneof(
  named.map(([name, between, value]) => (between === "=" ? [`--${name}=${value}`] : [`--${name}`, value])),
  fc.array(hostile(), { maxLength: 2 }),
);
const env = fc.dictionary(
  fc.constantFrom(...NAMES).map((name) => `SESSILE_${name.toUpperCase().replaceAll("-", "_")}`),
  value,
  { maxKeys: 3 },
);

export const configProperties: readonly Property[] = [
  {
    name: "O3: a duration is milliseconds within its bounds that are written the same way again, or a UsageError",
    cases: 40_000,
    make: () =>
      fc.property(duration, fc.constantFrom(0, 1), (text, least) => {
        const ms = valueOrUsageError(() => parseDuration(text, "--x", least));
        if (ms === null) return;
        assert.ok(Number.isInteger(ms.value) && ms.value >= least && ms.value <= 400 * DAY);
        assert.equal(parseDuration(formatDuration(ms.value), "--x", least), ms.value);
      }),
  },
  {
    name: "O3: a command line and an environment give a whole configuration, or a UsageError in one line",
    cases: 30_000,
    make: () =>
      fc.property(fc.array(args, { maxLength: 3 }), env, (args, env) => {
        const config = valueOrUsageError(() => readConfig(args.flat(), env))?.value;
        if (config === undefined) return;
        assert.ok(Number.isInteger(config.port) && config.port >= 0 && config.port <= 65_535);
        for (const ms of [config.idleTimeout, config.absoluteTimeout]) assert.ok(Number.isInteger(ms) && ms >= 1);
        assert.equal(typeof config.demo, "boolean");
        for (const text of [config.store, config.host]) assert.equal(typeof text, "string");
      }),
  },
  {
    name: "N1: the password of a store's URL is in no message, whatever is wrong with it",
    cases: 1500,
    make: () => {
      const scheme = fc.constantFrom("redis", "rediss", "mysql", "REDIS", "redis+unix");
      const around = fc.string({ unit: fc.constantFrom(..."@/:?#%a1 []"), maxLength: 3 });
      const where = fc.constantFrom("127.0.0.1:1", "127.0.0.1:x", "127.0.0.1:1/0", "[::1", "");
      return fc.asyncProperty(scheme, around, around, where, odd, async (scheme, before, after, host, rest) => {
        const url = `${scheme}://user:${before}hunter2${after}@${host}${rest}`;
        for (const open of [
          () => openStore({ store: url, cache: null, confirmReplicas: 0 }),
          () => readConfig(["serve", url], {}),
          () => readConfig([`--port=${url}`], {}),
        ]) {
          const error = await Promise.resolve()
            .then((): unknown => open())
            .catch((error: unknown) => error);
          assert.ok(error instanceof UsageError, String(error));
          assert.ok(!error.message.includes("hunter2"), error.message);
        }
      });
    },
  },
];

function valueOrUsageError<T>(call: () => T): { readonly value: T } | null {
  try {
    return { value: call() };
  } catch (error) {
    assert.ok(error instanceof UsageError, error instanceof Error ? error.stack : String(error));
    return null;
  }
}

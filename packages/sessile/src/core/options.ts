// What a manager can be told, its defaults, and the checks. Everything is checked when the manager is made.

import { SessionError } from "./errors.ts";
import { DEFAULT_DEPTH } from "./json.ts";
import type { DataSchema } from "./schema.ts";
import { checkKeys, type DigestKey, Digests } from "./secret.ts";
import { type SessionStore, STORE_METHODS, type UserLimit } from "./store.ts";
import { checkPrefix } from "./token.ts";
import type { SessionTransport } from "./transport.ts";
import type { Lifetimes } from "./validity.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Node fires a longer timer at once. */
const LONGEST_TIMER = 2_147_483_647;

/** All durations are milliseconds. */
export interface SessionManagerOptions {
  /** Where records live. There is no default: a session store is chosen, not stumbled upon. */
  readonly store: SessionStore;
  /** How tokens travel; the first one carries tokens to clients that presented none. */
  readonly transports: readonly SessionTransport[];
  /** A session ends after this long without activity. Default 1 hour (NIST SP 800-63B AAL2). */
  readonly idleTimeout?: number;
  /** A session ends this long after sign-in, whatever happens. Default 24 hours (NIST SP 800-63B AAL2). */
  readonly absoluteTimeout?: number;
  /**
   * Activity is written down at most this often, so an idle session may end up to this much before `idleTimeout`, never
   * after. Default: a tenth of `idleTimeout`, at most 1 minute.
   */
  readonly touchInterval?: number;
  /** A session in use gets a new secret this long after the last one was made. Default: never by itself. */
  readonly rotateAfter?: number;
  /** How long the previous secret still works, for requests that are under way. Default 10 seconds. */
  readonly rotationGrace?: number;
  /** Sessions a user may have at once. Default: any number. */
  readonly userLimit?: UserLimit;
  /** Starts every token. Default `ses_`. */
  readonly tokenPrefix?: string;
  /**
   * Keys for the digests of secrets, the first for new ones. With keys, somebody who can write into the store can neither make
   * up a session nor give one to another user. Existing sessions end when keys are introduced, and when their key is removed. Default: none, SHA-256.
   */
  readonly keys?: readonly DigestKey[];
  /** Checks the data when it is loaded and before it is written. */
  readonly schema?: DataSchema;
  /** Bounds of one session's data. */
  readonly limits?: Partial<DataLimits>;
  /** Expired records are removed this often; 0 leaves it to calls of `sweep`. Default 1 minute. */
  readonly sweepInterval?: number;
  /** The time in milliseconds since 1970. Default `Date.now`. */
  readonly clock?: () => number;
  /** Hears of listeners that threw. Default: `console.error`. */
  readonly onListenerError?: (error: unknown, event: string) => void;
}

export interface DataLimits {
  /** Size of the data as JSON in UTF-8. Default 65,536 bytes. */
  readonly dataBytes: number;
  /** Top-level keys. Default 256. */
  readonly keys: number;
  /** Nesting of arrays and objects. Default 32. */
  readonly depth: number;
}

/** The options with every default filled in. */
export interface Settings extends Lifetimes {
  readonly store: SessionStore;
  readonly transports: readonly SessionTransport[];
  readonly touchInterval: number;
  readonly rotateAfter: number;
  readonly userLimit: UserLimit | undefined;
  readonly tokenPrefix: string;
  readonly digests: Digests;
  readonly schema: DataSchema | undefined;
  readonly limits: DataLimits;
  readonly sweepInterval: number;
  readonly clock: () => number;
  readonly onListenerError: (error: unknown, event: string) => void;
}

const KNOWN = new Set<string>([
  "store",
  "transports",
  "idleTimeout",
  "absoluteTimeout",
  "touchInterval",
  "rotateAfter",
  "rotationGrace",
  "userLimit",
  "tokenPrefix",
  "keys",
  "schema",
  "limits",
  "sweepInterval",
  "clock",
  "onListenerError",
] satisfies (keyof SessionManagerOptions)[]);

const TRANSPORT_METHODS = ["read", "issue", "clear"] as const satisfies (keyof SessionTransport)[];

/** Fills in the defaults. Throws `ERR_SESSION_OPTION` for an unknown option and for a value that cannot work. */
export function resolveOptions(options: SessionManagerOptions): Settings {
  checkNames(options, KNOWN, "");
  const { idleTimeout = HOUR, absoluteTimeout = 24 * HOUR, rotateAfter, rotationGrace = 10 * SECOND } = options;
  duration("idleTimeout", idleTimeout, 1);
  const { touchInterval = Math.min(MINUTE, Math.floor(idleTimeout / 10)), sweepInterval = MINUTE } = options;
  const { tokenPrefix = "ses_", keys = [], limits = {}, clock = Date.now, onListenerError = reportToConsole } = options;
  return Object.freeze({
    store: checkStore(options.store),
    transports: checkTransports(options.transports),
    idleTimeout,
    absoluteTimeout: duration("absoluteTimeout", absoluteTimeout, 1),
    touchInterval: checkTouchInterval(touchInterval, idleTimeout),
    rotateAfter: checkRotateAfter(rotateAfter, rotationGrace),
    rotationGrace: duration("rotationGrace", rotationGrace, 0),
    userLimit: checkUserLimit(options.userLimit),
    tokenPrefix: checkPrefix(tokenPrefix),
    digests: new Digests(checkKeys(keys)),
    schema: checkSchema(options.schema),
    limits: checkLimits(limits),
    sweepInterval: checkSweepInterval(sweepInterval),
    clock: checkClock(clock),
    onListenerError: checkFunction("onListenerError", onListenerError),
  });
}

/** Throws when `options` has a name that is not in `known`, so that a typing error is not a silent default. */
export function checkNames(options: object, known: ReadonlySet<string>, prefix: string): void {
  if (typeof options !== "object" || options === null) throw wrong(prefix.slice(0, -1) || "options", "an object");
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw wrong(prefix + name, `one of ${[...known].map((each) => `\`${each}\``).join(", ")}`);
  }
}

/** A whole number of milliseconds, at least `least` (NaN, infinities and fractions are refused). */
export function duration(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= 1e14) return value;
  throw wrong(name, `a whole number of milliseconds, at least ${least}`);
}

export function wrong(name: string, expected: string): SessionError {
  return new SessionError("ERR_SESSION_OPTION", `\`${name}\` must be ${expected}.`);
}

function checkTouchInterval(value: number, idleTimeout: number): number {
  if (duration("touchInterval", value, 0) < idleTimeout) return value;
  throw wrong("touchInterval", `less than \`idleTimeout\` (${idleTimeout} ms), or active sessions would end`);
}

function checkRotateAfter(value: number | undefined, grace: number): number {
  if (value === undefined) return Number.POSITIVE_INFINITY;
  if (duration("rotateAfter", value, 1) > grace) return value;
  throw wrong("rotateAfter", `more than \`rotationGrace\` (${grace} ms), or slow requests would look like theft`);
}

function checkSweepInterval(value: number): number {
  if (duration("sweepInterval", value, 0) <= LONGEST_TIMER) return value;
  throw wrong("sweepInterval", `at most ${LONGEST_TIMER} ms, the longest timer there is`);
}

function checkStore(store: SessionStore): SessionStore {
  if (hasMethods(store, STORE_METHODS)) return store;
  throw wrong("store", "a store, such as `memoryStore()` of `sessile` or `sqliteStore(…)` of `sessile/sqlite`");
}

function checkTransports(transports: readonly SessionTransport[]): readonly SessionTransport[] {
  const usable = Array.isArray(transports) && transports.every((each) => hasMethods(each, TRANSPORT_METHODS));
  if (usable && transports.length > 0) return Object.freeze([...transports]);
  throw wrong("transports", "a list of one or more of `headerTransport()`, `bearerTransport()`, `cookieTransport()`");
}

function hasMethods<T>(value: T, names: readonly (keyof T)[]): boolean {
  return names.every((name) => typeof value?.[name] === "function");
}

function checkUserLimit(limit: UserLimit | undefined): UserLimit | undefined {
  if (limit === undefined) return undefined;
  checkNames(limit, new Set(["max", "onExceeded"]), "userLimit.");
  if (!Number.isSafeInteger(limit.max) || limit.max < 1) throw wrong("userLimit.max", "a whole number, at least 1");
  if (limit.onExceeded === "evictOldest" || limit.onExceeded === "refuse") return Object.freeze({ ...limit });
  throw wrong("userLimit.onExceeded", '`"evictOldest"` or `"refuse"`');
}

function checkSchema(schema: DataSchema | undefined): DataSchema | undefined {
  if (schema === undefined || typeof schema?.["~standard"]?.validate === "function") return schema;
  throw wrong("schema", "a Standard Schema v1 validator, such as one made with zod, valibot or arktype");
}

function checkLimits(limits: Partial<DataLimits>): DataLimits {
  checkNames(limits, new Set(["dataBytes", "keys", "depth"]), "limits.");
  const all = { dataBytes: 65_536, keys: 256, depth: DEFAULT_DEPTH, ...limits };
  for (const [name, value] of Object.entries(all)) {
    if (!Number.isSafeInteger(value) || value < 1) throw wrong(`limits.${name}`, "a whole number, at least 1");
  }
  return Object.freeze(all);
}

/** `NaN` would make sessions endless, and stores keep instants as whole numbers. */
function checkClock(clock: () => number): () => number {
  if (typeof clock === "function" && Number.isSafeInteger(clock())) return clock;
  throw wrong("clock", "a function that returns the time as a whole number of milliseconds");
}

function checkFunction<F>(name: string, value: F): F {
  if (typeof value === "function") return value;
  throw wrong(name, "a function");
}

function reportToConsole(error: unknown, event: string): void {
  console.error(`A listener of the session event "${event}" failed:`, error);
}

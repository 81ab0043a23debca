// The options of a manager, their defaults and checks; and the rules by which every part of the library checks its
// options.

import type { DataSchema, SchemaResult } from "./data.ts";
import { DEFAULT_DEPTH, GREATEST_DEPTH } from "./data.ts";
import { SessionError, type SessionErrorCode } from "./errors.ts";
import { didYouMean } from "./nearest.ts";
import type { Lifetimes } from "./record.ts";
import { MAX_DATA_BYTES, NO_DATA } from "./record.ts";
import type { SessionData } from "./session.ts";
import { type SessionStore, STORE_METHODS, type UserLimit } from "./store.ts";
import { isPrefix, type KeyRing, NO_KEYS } from "./token.ts";
import type { SessionTransport } from "./transport.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** Node fires a longer timer at once. */
const LONGEST_TIMER = 2_147_483_647;

/** All durations are milliseconds. `Data` and `Input` are what the schema makes of data and what it accepts. */
export interface SessionManagerOptions<Data extends object = SessionData, Input = unknown> {
  /** The store of the records. There is no default: a session store is chosen, not stumbled upon. */
  readonly store: SessionStore;
  /** How tokens travel; the first one carries tokens to clients that presented none. */
  readonly transports: readonly SessionTransport[];
  /**
   * A session ends after this long without activity, at most `absoluteTimeout`. Default: 1 hour (NIST SP 800-63B
   * AAL2), or `absoluteTimeout` where that is less.
   */
  readonly idleTimeout?: number;
  /** A session ends this long after sign-in, whatever happens. Default 24 hours (NIST SP 800-63B AAL2). */
  readonly absoluteTimeout?: number;
  /**
   * The longest timeouts, in ms, that a sign-in may ask for. A session that another process gave more ends here after
   * these. Default: `absoluteTimeout` and `idleTimeout`.
   */
  readonly longest?: { readonly absolute?: number; readonly idle?: number };
  /**
   * Activity is written down at most this often, so an idle session may end up to this much before `idleTimeout`, never
   * after. Default: a tenth of `idleTimeout`, at most 1 minute.
   */
  readonly touchInterval?: number;
  /**
   * When activity is written: `"behind"` the answer, at most a second later, or `"before"` it, for hosts that stop the
   * process when an answer has left. A touch that cannot wait, because half of the idle timeout has passed, is written
   * before. Default `"behind"`; `sessile/web` and `sessile/next` write before unless there is `afterResponse`.
   */
  readonly touch?: "behind" | "before";
  /** Keeps the process alive for work that is done after the answer, such as `waitUntil` of the platform. Default: none. */
  readonly afterResponse?: (work: Promise<void>) => unknown;
  /** A session in use is offered a new secret this long after the current one became that. Default: never by itself. */
  readonly rotateAfter?: number;
  /**
   * How long the previous secret still works, in ms, and how old an offered one is at least when it takes its place. An
   * answer that is late by less than this signs out no client. Default 60 seconds.
   */
  readonly rotationGrace?: number;
  /**
   * `"end"` ends a session whose client uses none of three offered secrets in a row. Default `"report"`: the event
   * `rotationIgnored` alone.
   */
  readonly rotateUnadopted?: "report" | "end";
  /** Sessions a user may have at once. Default: any number. */
  readonly userLimit?: UserLimit;
  /** Starts every token. Default `ses_`. */
  readonly tokenPrefix?: string;
  /**
   * Keys for the digests of secrets. With keys, write access to the store is not enough to make up a session or to give
   * one to another user. Existing sessions end when keys are introduced, and when their key is removed. `keyRing` of
   * `sessile/keys` makes it. Default: none, SHA-256.
   */
  readonly keys?: KeyRing;
  /**
   * Checks the data when it is loaded and before it is written, and gives it its type. Sessions begin empty, so it must
   * accept `{}`, as a zod schema with `.partial()` does. Default: any JSON.
   */
  readonly schema?: DataSchema<Data, Input>;
  /** Bounds of one session's data. Default: those of `DataLimits`. */
  readonly limits?: Partial<DataLimits>;
  /** Expired records are removed this often; 0 leaves it to calls of `sweep`. Default 1 minute. */
  readonly sweepInterval?: number;
  /** The time in milliseconds since 1970. Default: `Date.now()`, whatever that is at the time of the call. */
  readonly clock?: () => number;
  /**
   * Called with problems that no response can answer: a listener that threw, a call after the response had left that
   * nothing waited for, and once when a `Secure` cookie leaves over plain HTTP. Default: `console.error`.
   */
  readonly onWarning?: (message: string, error?: unknown) => void;
}

export interface DataLimits {
  /** Size of the data as JSON in UTF-8, at most 16 MiB. Default 65,536 bytes. */
  readonly dataBytes: number;
  /** Top-level keys. Default 256. */
  readonly keys: number;
  /** Nesting of arrays and objects, at most 1,000. Default 32. */
  readonly depth: number;
}

/** The options with every default filled in. */
export interface Settings extends Lifetimes {
  readonly store: SessionStore;
  readonly transports: readonly SessionTransport[];
  readonly absoluteTimeout: number;
  readonly touchInterval: number;
  readonly touch: "behind" | "before";
  readonly afterResponse: ((work: Promise<void>) => unknown) | undefined;
  readonly rotateAfter: number;
  readonly rotateUnadopted: "report" | "end";
  readonly userLimit: UserLimit | undefined;
  readonly tokenPrefix: string;
  readonly keys: KeyRing;
  readonly schema: DataSchema | undefined;
  readonly limits: DataLimits;
  readonly sweepInterval: number;
  readonly clock: (() => number) | undefined;
  readonly onWarning: (message: string, error?: unknown) => void;
}

/** The condition on `clock`, in words. */
export const CLOCK = "a function that returns the time as a whole number of milliseconds";

const RULES = {
  store: [(store: SessionStore) => hasMethods(store, STORE_METHODS), "a store, such as `memoryStore()`"],
  transports: [isTransports, "a list of transports, such as `[cookieTransport()]`"],
  idleTimeout: [...milliseconds(1), undefined],
  absoluteTimeout: [...milliseconds(1), 24 * HOUR],
  longest: [Boolean, "`{ absolute, idle }`", {}],
  touchInterval: [...milliseconds(0), undefined],
  touch: [(when) => when === "behind" || when === "before", '`"behind"` or `"before"`', "behind"],
  afterResponse: [isFunction, "a function that takes a promise, such as `waitUntil`", undefined],
  rotateAfter: [...milliseconds(1), Number.POSITIVE_INFINITY],
  rotationGrace: [...milliseconds(1), MINUTE],
  rotateUnadopted: [(rule) => rule === "report" || rule === "end", '`"report"` or `"end"`', "report"],
  userLimit: [Boolean, "`{ max, onExceeded }`", undefined],
  tokenPrefix: [isPrefix, "1 to 15 letters and digits, a letter first, then one underscore", "ses_"],
  keys: [(keys: KeyRing) => hasMethods(keys, ["digest", "match"]), "a `keyRing(…)` of `sessile/keys`", NO_KEYS],
  schema: [
    (schema: DataSchema) => isFunction(schema?.["~standard"]?.validate),
    "a Standard Schema v1 validator, such as one of zod",
    undefined,
  ],
  limits: [Boolean, "an object", {}],
  sweepInterval: [...milliseconds(0, LONGEST_TIMER), MINUTE],
  // `NaN` would make sessions endless, and stores keep instants as whole numbers
  clock: [(clock: () => number) => isFunction(clock) && Number.isSafeInteger(clock()), CLOCK, undefined],
  onWarning: [isFunction, "a function", (...args: unknown[]) => console.error(...args)],
} satisfies { [Name in keyof SessionManagerOptions]-?: Rule };

const USER_LIMIT = {
  max: wholeNumber(1),
  onExceeded: [(rule) => rule === "evictOldest" || rule === "refuse", '`"evictOldest"` or `"refuse"`'],
} satisfies { [Name in keyof UserLimit]: Rule };

const LONGEST = {
  absolute: [...milliseconds(1), undefined],
  idle: [...milliseconds(1), undefined],
} satisfies { [Name in keyof Settings["longest"]]: Rule };

const LIMITS = {
  dataBytes: [...wholeNumber(NO_DATA.length, " of bytes", MAX_DATA_BYTES), 65_536],
  keys: [...wholeNumber(1), 256],
  depth: [...wholeNumber(1, "", GREATEST_DEPTH), DEFAULT_DEPTH],
} satisfies { [Name in keyof DataLimits]: Rule };

/** Fills in the defaults. Throws `ERR_SESSION_OPTION` for an unknown option and for a value that cannot work. */
export function resolveOptions(options: SessionManagerOptions<object>): Settings {
  const given = resolve<Settings>(RULES, options);
  const { absoluteTimeout, rotateAfter, rotationGrace, transports, userLimit, limits } = given;
  const { idleTimeout = Math.min(HOUR, absoluteTimeout) } = given;
  if (idleTimeout > absoluteTimeout && options.absoluteTimeout !== undefined)
    throw wrong("idleTimeout", `at most \`absoluteTimeout\` (${absoluteTimeout} ms), which ends the session before`);
  const { touchInterval = Math.min(MINUTE, Math.floor(idleTimeout / 10)) } = given;
  if (touchInterval >= idleTimeout)
    throw wrong("touchInterval", `less than \`idleTimeout\` (${idleTimeout} ms), or active sessions would end`);
  if (rotateAfter <= rotationGrace)
    throw wrong(
      "rotateAfter",
      `more than \`rotationGrace\` (${rotationGrace} ms), or slow requests would look like theft`,
    );
  const { absolute = absoluteTimeout, idle = idleTimeout } = resolve<Settings["longest"]>(
    LONGEST,
    given.longest,
    "longest.",
  );
  if (absolute < absoluteTimeout)
    throw wrong("longest.absolute", `at least \`absoluteTimeout\` (${absoluteTimeout} ms)`);
  if (idle < idleTimeout) throw wrong("longest.idle", `at least \`idleTimeout\` (${idleTimeout} ms)`);
  checkSchema(given);
  return Object.freeze({
    ...given,
    idleTimeout,
    longest: Object.freeze({ absolute, idle }),
    touchInterval,
    transports: Object.freeze([...transports]),
    userLimit: userLimit && resolve<UserLimit>(USER_LIMIT, userLimit, "userLimit."),
    limits: resolve<DataLimits>(LIMITS, limits, "limits."),
  });
}

/**
 * Throws when the schema refuses the data of a new session; warns when it takes its time to do so. What it throws is
 * left to the requests.
 */
function checkSchema({ schema, onWarning }: Settings): void {
  const refused = wrong("schema", "one that accepts `{}`, as sessions begin empty. Use `.partial()`");
  const result = resultOf(schema);
  if (!(result instanceof Promise)) {
    if (result?.issues !== undefined) throw refused;
    return;
  }
  const warn = ({ issues }: SchemaResult): void => void (issues === undefined || onWarning(refused.message));
  result.then(warn, () => {});
}

function resultOf(schema: DataSchema | undefined): SchemaResult | Promise<SchemaResult> | undefined {
  try {
    return schema?.["~standard"].validate({});
  } catch {
    return undefined;
  }
}

function isTransports(transports: readonly SessionTransport[]): boolean {
  if (!Array.isArray(transports) || transports.length === 0) return false;
  return [...transports].every((each) => hasMethods(each, ["read", "issue", "clear"]));
}

/** The condition on an option, as a test and in words; third, where the option may be left out, its default. */
export type Rule = readonly [accepts: (value: never) => boolean, expected: string, ...fallback: readonly [unknown?]];

/**
 * The options of `rules`, frozen, with their defaults. Throws `ERR_SESSION_OPTION` for a value that its rule does not
 * accept, and for a name that has no rule, so that a typing error is not a silent default. `within` starts the names in
 * messages.
 */
export function resolve<T>(rules: { readonly [name: string]: Rule }, given: object, within = ""): T {
  checkNames(given, new Set(Object.keys(rules)), within);
  const values = Object.entries(rules).map(([name, [accepts, expected, ...fallback]]) => {
    const value = (given as Record<string, unknown>)[name];
    if (value === undefined && fallback.length > 0) return [name, fallback[0]];
    if (accepts(value as never)) return [name, value];
    throw wrong(within + name, expected);
  });
  return Object.freeze(Object.fromEntries(values));
}

/** A whole number from `least` to `most`. `NaN`, infinities and fractions are refused. */
export function wholeNumber(least: number, unit = "", most = 1e14): readonly [(value: unknown) => boolean, string] {
  return [
    (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
    `a whole number${unit} from ${least} to ${most}`,
  ];
}

export function milliseconds(least: number, most?: number): ReturnType<typeof wholeNumber> {
  return wholeNumber(least, " of milliseconds", most);
}

/** Whether a value is a function; whether it has all these methods. */
export function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

export function hasMethods<T>(value: T, names: readonly (keyof T)[]): boolean {
  return names.every((name) => isFunction(value?.[name]));
}

/**
 * Throws when `options` is no object, or has a name that is not in `known`: `ERR_SESSION_OPTION` for the options of the
 * program, which it gives at its start.
 */
export function checkNames(
  options: object,
  known: ReadonlySet<string>,
  within = "",
  code: SessionErrorCode = "ERR_SESSION_OPTION",
): void {
  if (typeof options !== "object" || options === null)
    throw new SessionError(code, `\`${within.slice(0, -1) || "options"}\` must be an object.`);
  for (const name of Object.keys(options)) {
    if (known.has(name)) continue;
    throw new SessionError(code, `Unknown option \`${within}${name}\`. ${didYouMean(name, known)}`);
  }
}

/** The same for the options of a call that serves a request: `ERR_SESSION_VALUE`. */
export function checkCall(options: object, known: ReadonlySet<string>): void {
  checkNames(options, known, "", "ERR_SESSION_VALUE");
}

export function wrong(name: string, expected: string): SessionError {
  return new SessionError("ERR_SESSION_OPTION", `\`${name}\` must be ${expected}.`);
}

/** A whole number of milliseconds, at least `least`. */
export function duration(name: string, value: number, least: number): number {
  const [accepts, expected] = milliseconds(least);
  if (accepts(value)) return value;
  throw wrong(name, expected);
}

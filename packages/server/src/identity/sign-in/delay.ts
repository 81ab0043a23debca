// The waiting times after failed sign-ins.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Durations in milliseconds. */
export interface DelayRule {
  /** Number of failures in a row without a wait. */
  readonly free: number;
  /** The wait after the next one; it doubles with each further failure, up to `longest`. */
  readonly first: number;
  readonly longest: number;
  /** After this number of failures in a row, the wait is `forgetAfter`. */
  readonly most: number;
  /**
   * This long after the last failure, all are forgotten. It is also the longest wait, so that no user is locked out for
   * good.
   */
  readonly forgetAfter: number;
}

/** The rules that apply to every attempt with a password. */
export const DELAY_RULES = {
  /** For attempts on an account from networks that its user never signed in from. */
  stranger: { free: 5, first: SECOND, longest: 15 * MINUTE, most: 70, forgetAfter: DAY },
  /** For attempts from the user's own networks, so that guesses elsewhere do not lock the user out at home. */
  known: { free: 5, first: SECOND, longest: 15 * MINUTE, most: 30, forgetAfter: DAY },
  /** For all attempts on an account: after 100 failures in a row it rests for a day (NIST SP 800-63B-4 §3.2.2). */
  account: { free: 100, first: DAY, longest: DAY, most: 100, forgetAfter: DAY },
  /**
   * For all attempts from a network: one password tried on many accounts. Lenient, because a whole office may share an
   * address.
   */
  network: { free: 20, first: SECOND, longest: MINUTE, most: Number.POSITIVE_INFINITY, forgetAfter: HOUR },
  /**
   * For the IPv6 /56 and /48 around it, which one subscriber may hold and several may share. It keeps one of them from
   * occupying the password hashes, some five a second, and hardly affects the others.
   */
  delegated: { free: 50, first: SECOND, longest: 10 * SECOND, most: Number.POSITIVE_INFINITY, forgetAfter: HOUR },
  site: { free: 100, first: SECOND, longest: 2 * SECOND, most: Number.POSITIVE_INFINITY, forgetAfter: HOUR },
} as const satisfies Record<string, DelayRule>;

export type DelayRules = Readonly<Record<keyof typeof DELAY_RULES, DelayRule>>;

/** Failures in a row, and the time of the last one. */
export interface Failures {
  readonly failures: number;
  readonly lastAt: number;
}

/**
 * Number of failures that still count. A time far in the future means that the clock was set back, and counts as
 * forgotten.
 */
export function countFailures({ forgetAfter }: DelayRule, past: Failures | undefined, now: number): number {
  return past === undefined || Math.abs(now - past.lastAt) >= forgetAfter ? 0 : past.failures;
}

/** Milliseconds until the next attempt; 0 or less when it may be made now. */
export function waitOf(rule: DelayRule, past: Failures | undefined, now: number): number {
  const failures = countFailures(rule, past, now);
  if (past === undefined || failures < rule.free) return 0;
  return past.lastAt + delayAfter(rule, failures) - now;
}

function delayAfter({ free, first, longest, most, forgetAfter }: DelayRule, failures: number): number {
  return failures >= most ? forgetAfter : Math.min(first * 2 ** (failures - free), longest);
}

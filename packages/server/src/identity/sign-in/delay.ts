// How long somebody who failed has to wait. Knows no table.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Durations in milliseconds. */
export interface DelayRule {
  /** Failures in a row without any wait. */
  readonly free: number;
  /** The wait after the next one; it doubles with each further failure, up to `longest`. */
  readonly first: number;
  readonly longest: number;
  /** After so many failures in a row the wait is `forgetAfter`. */
  readonly most: number;
  /** So long after the last failure all of them are forgotten. Also the longest wait there is: nobody is locked out for good. */
  readonly forgetAfter: number;
}

/** What every try by password is held against. */
export const DELAY_RULES = {
  /** An account's tries from networks that its user never signed in from. */
  stranger: { free: 5, first: SECOND, longest: 15 * MINUTE, most: 70, forgetAfter: DAY },
  /** Those from the user's own networks: who guesses elsewhere does not keep the user from signing in at home. */
  known: { free: 5, first: SECOND, longest: 15 * MINUTE, most: 30, forgetAfter: DAY },
  /** All of an account's: after 100 failures in a row it rests for a day (NIST SP 800-63B-4 §3.2.2). */
  account: { free: 100, first: DAY, longest: DAY, most: 100, forgetAfter: DAY },
  /** A network's, whatever the account: one password tried on many. Lenient, because a whole office may share an address. */
  network: { free: 20, first: SECOND, longest: MINUTE, most: Number.POSITIVE_INFINITY, forgetAfter: HOUR },
  /**
   * Those of the IPv6 /56 and /48 around it, each of which one subscriber may hold and strangers may share: enough that none of them can
   * keep the password hashes busy, at some five a second, and little for the others.
   */
  delegated: { free: 50, first: SECOND, longest: 10 * SECOND, most: Number.POSITIVE_INFINITY, forgetAfter: HOUR },
  site: { free: 100, first: SECOND, longest: 2 * SECOND, most: Number.POSITIVE_INFINITY, forgetAfter: HOUR },
} as const satisfies Record<string, DelayRule>;

export type DelayRules = Readonly<Record<keyof typeof DELAY_RULES, DelayRule>>;

/** Failures in a row, and when the last one was. */
export interface Failures {
  readonly failures: number;
  readonly lastAt: number;
}

/** The failures that still count. A last one far in the future is a clock that was set back, and is forgotten as well. */
export function countFailures({ forgetAfter }: DelayRule, past: Failures | undefined, now: number): number {
  return past === undefined || Math.abs(now - past.lastAt) >= forgetAfter ? 0 : past.failures;
}

/** Milliseconds until the next try; 0 or less when it may be now. */
export function waitOf(rule: DelayRule, past: Failures | undefined, now: number): number {
  const failures = countFailures(rule, past, now);
  if (past === undefined || failures < rule.free) return 0;
  return past.lastAt + delayAfter(rule, failures) - now;
}

function delayAfter({ free, first, longest, most, forgetAfter }: DelayRule, failures: number): number {
  return failures >= most ? forgetAfter : Math.min(first * 2 ** (failures - free), longest);
}

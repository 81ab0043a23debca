// Options against a table of rules: defaults, and a clear error for what cannot work. Knows no option by name.

import { SessionError } from "./errors.ts";

/** What an option must be, as a test and in words; third, where the option may be left out, what it is then. */
export type Rule = readonly [accepts: (value: never) => boolean, expected: string, ...fallback: readonly [unknown?]];

/**
 * The options of `rules`, frozen, with their defaults. Throws `ERR_SESSION_OPTION` for a value that its rule does not accept, and
 * for a name that has no rule, so that a typing error is not a silent default. `within` starts the names in messages.
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

/** Throws when `options` is no object, or has a name that is not in `known`. */
export function checkNames(options: object, known: ReadonlySet<string>, within: string): void {
  if (typeof options !== "object" || options === null) throw wrong(within.slice(0, -1) || "options", "an object");
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw wrong(within + name, `one of ${[...known].map((each) => `\`${each}\``).join(", ")}`);
  }
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

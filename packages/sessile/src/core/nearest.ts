// The name that was probably meant by one with a typing mistake, or by that of another library.

/** Names of other libraries' options, in lower case: the option here, and where it is one. */
const FOREIGN: Readonly<Record<string, readonly [name: string, of: string]>> = {
  maxage: ["absoluteTimeout", "SessionManager"],
  "cookie.maxage": ["absoluteTimeout", "SessionManager"],
  expires: ["absoluteTimeout", "SessionManager"],
  expiresin: ["absoluteTimeout", "SessionManager"],
  ttl: ["idleTimeout", "SessionManager"],
  touchafter: ["touchInterval", "SessionManager"],
  secret: ["keys", "SessionManager"],
  password: ["keys", "SessionManager"],
  cookie: ["transports", "SessionManager"],
  name: ["name", "cookieTransport"],
  key: ["name", "cookieTransport"],
  cookiename: ["name", "cookieTransport"],
  trustedorigins: ["trustedOrigins", "cookieTransport"],
};

/** Options that other libraries need. */
const NEEDLESS = new Set(["rolling", "resave", "saveuninitialized", "unset", "genid"]);

/** A sentence that follows the name of something unknown: the nearest of `known`, or else all of them. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const names = [...known];
  const lower = name.toLowerCase();
  if (NEEDLESS.has(lower)) return "Leave it out: a session is stored when it changes, and goes on while it is used.";
  const [meant, of] = (Object.hasOwn(FOREIGN, lower) && FOREIGN[lower]) || [closest(lower, names), ""];
  if (meant === null) return `There are ${names.map((each) => `\`${each}\``).join(", ")}.`;
  return `Did you mean \`${meant}\`${of === "" || names.includes(meant) ? "" : ` of \`${of}\``}?`;
}

/** `null` where more than a third of the letters would have to change. */
function closest(name: string, known: readonly string[]): string | null {
  const rated = known.map((each) => ({ each, steps: steps(name.slice(0, LONGEST), each.toLowerCase()) }));
  const [best] = rated.sort((a, b) => a.steps - b.steps);
  return best !== undefined && best.steps <= Math.max(1, Math.floor(best.each.length / 3)) ? best.each : null;
}

/** No name is this long, and the work grows with the length. */
const LONGEST = 64;

/** The number of letters to add, drop, replace or exchange with their neighbour until `a` is `b`. */
function steps(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number): number => rows[i]?.[j] as number;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, isSwapped ? at(i - 2, j - 2) + 1 : replaced));
    }
  }
  return at(a.length, b.length);
}

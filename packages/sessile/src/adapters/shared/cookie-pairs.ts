// The pairs in `Cookie` and `Set-Cookie` headers.

/** The text before and after the first `=`; without one the second is `undefined`. */
export function cutPair(text: string): [name: string, value: string | undefined] {
  const at = text.indexOf("=");
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** `header` with these cookies instead of the ones of the same names; an empty value removes. All other text stays. */
export function replaceCookies(header: string, cookies: ReadonlyMap<string, string>): string {
  if (cookies.size === 0) return header;
  const kept = header.split(";").filter((pair) => !cookies.has(cutPair(pair.replace(/^[ \t]+/, ""))[0]));
  const added = [...cookies].filter(([, value]) => value !== "").map((pair) => pair.join("="));
  return [kept.join(";").replace(/^[ \t]+/, ""), ...added].filter((part) => part !== "").join("; ");
}

// Other people's words made fit to be shown: user ids, devices, names of keys and data, on terminals, in the log and on pages.

/** Controls, marks that turn text around, what is invisible or has no shape, half characters, and every space but the plain one. */
const UNSAFE = /(?! )[\p{C}\p{Z}\p{DI}\u2800]/u.source;

/** The same, and plain spaces that cannot be seen, and a backslash that would make plain text look like an escape. */
const IN_TEXT = new RegExp(`${UNSAFE}|^ | $|(?<= ) |\\\\(?=u[0-9a-f]{4})`, "gu");

/** In JSON the quotes show where spaces are, backslashes are escaped already, and line ends are the indentation. */
const IN_JSON = new RegExp(`(?!\\n)${UNSAFE}`, "gu");

/** The text with everything replaced by `\u202e` and the like that would hide in it. Two texts never become the same. */
export function printable(text: string): string {
  return text.replace(IN_TEXT, escapeCharacter);
}

/** JSON that means the same, with those characters escaped. */
export function printableJson(json: string): string {
  return json.replace(IN_JSON, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

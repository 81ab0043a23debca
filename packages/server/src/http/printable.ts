// Makes foreign texts (user ids, devices, names, data) safe to show on terminals, in the log and on pages.

/**
 * Controls, marks that reverse text, invisible or shapeless characters, half characters, and every space but the plain
 * one.
 */
const UNSAFE = /(?! )[\p{C}\p{Z}\p{DI}\u2800]/u.source;

/** The same, and plain spaces that cannot be seen, and a backslash that would make plain text look like an escape. */
const IN_TEXT = new RegExp(`${UNSAFE}|^ | $|(?<= ) |\\\\(?=u[0-9a-f]{4})`, "gu");

/** In JSON, quotes show where spaces are, backslashes are escaped already, and line ends are the indentation. */
const IN_JSON = new RegExp(`(?!\\n)${UNSAFE}`, "gu");

/** The text with every hidden character as an escape such as `\u202e`. Two texts never become the same. */
export function printable(text: string): string {
  return text.replace(IN_TEXT, escapeCharacter);
}

/** JSON of the same meaning with those characters escaped. */
export function printableJson(json: string): string {
  return json.replace(IN_JSON, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}

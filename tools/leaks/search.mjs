// Searches output for secrets: as they are, and in the spellings of URLs, base64 and hexadecimal.

const SECRET_LENGTH = 44;
const PREFIX_AND_SID = /^[A-Za-z][A-Za-z0-9]{0,14}_[0-9A-Za-z]{22}/;
/** Shorter passwords are ordinary words, and a row of spaces is in every table: both would be found everywhere. */
const SHORTEST_PASSWORD = 6;
const FEWEST_CHARACTERS = 4;

/** The secret part of a token; a text with the token has it too. */
export const secretOf = (token) => token.replace(PREFIX_AND_SID, "").slice(0, SECRET_LENGTH);

/** Text as a string of its bytes, which is what is searched. */
export function bytesOf(text) {
  return Buffer.from(text).toString("latin1");
}

export class LeakSearch {
  #secrets;
  #passwords;

  constructor({ tokens, passwords }) {
    this.#secrets = new Set([...tokens].map(secretOf));
    this.#passwords = [...passwords].filter(isSearchable).map(bytesOf);
  }

  /** The secrets in `text` (from `bytesOf`): their spelling, the secret, and the text around it. */
  find(text) {
    const hits = [];
    for (const [spelling, view] of spellings(text)) {
      for (const found of this.#in(view)) hits.push({ spelling, ...found });
    }
    return hits;
  }

  *#in(text) {
    for (const { 0: run, index } of text.matchAll(/[0-9A-Za-z]{44,}/g)) {
      for (let at = 0; at + SECRET_LENGTH <= run.length; at++) {
        const secret = run.slice(at, at + SECRET_LENGTH);
        if (this.#secrets.has(secret)) yield { kind: "token", secret, around: around(text, index + at, SECRET_LENGTH) };
      }
    }
    for (const secret of this.#passwords) {
      const at = text.indexOf(secret);
      if (at !== -1) yield { kind: "password", secret, around: around(text, at, secret.length) };
    }
  }
}

/** Whether a password can be searched for. */
export function isSearchable(password) {
  return password.length >= SHORTEST_PASSWORD && new Set(password).size >= FEWEST_CHARACTERS;
}

/** The text in each spelling that a reader might decode. */
function* spellings(text) {
  yield ["as it is", text];
  if (text.includes("%")) yield ["URL-encoded", unescapeUrl(text)];
  yield* decoded("hexadecimal", text, /[0-9a-fA-F]{12,}/g, 2, (run) => Buffer.from(run, "hex"));
  yield* decoded("base64", text, /[A-Za-z0-9+/]{8,}/g, 4, (run) => Buffer.from(run, "base64"));
  yield* decoded("base64url", text, /[A-Za-z0-9_-]{8,}/g, 4, (run) => Buffer.from(run, "base64url"));
}

/** The decoded text of all runs, for each place where the first whole group of a run may begin. */
function* decoded(spelling, text, pattern, group, decode) {
  const runs = text.match(pattern) ?? [];
  for (let start = 0; start < group; start++) {
    yield [spelling, runs.map((run) => decode(run.slice(start)).toString("latin1")).join("\n")];
  }
}

function unescapeUrl(text) {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Enough to see the source, without the secret itself. */
function around(text, at, length) {
  return `${text.slice(Math.max(at - 100, 0), at)}<secret>${text.slice(at + length, at + length + 60)}`;
}

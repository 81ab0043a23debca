// Proves that leaks are found: plants every spelling at every alignment in a text, and every way to print in real
// processes.
import { spawn } from "node:child_process";
import { Problem } from "../ready/problem.mjs";
import { inRoot } from "../ready/repository.mjs";
import { bytesOf, LeakSearch, secretOf } from "./search.mjs";

const TOKEN = `ses_${"Aa0".repeat(7)}Z${"bC1dE2fG3".repeat(4)}hI4jK5l${"6".repeat(6)}`;
const PASSWORD = "correct horse Ünïcode battery";

/** The spellings of a secret. */
export const SPELLINGS = {
  "as it is": (text) => text,
  "URL-encoded": (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  hexadecimal: (text) => Buffer.from(text).toString("hex"),
  "upper-case hexadecimal": (text) => Buffer.from(text).toString("hex").toUpperCase(),
  base64: (text) => Buffer.from(text).toString("base64"),
  "base64 after one byte": (text) => Buffer.from(`.${text}.`).toString("base64"),
  "base64 after two bytes": (text) => Buffer.from(`..${text}.`).toString("base64"),
  base64url: (text) => Buffer.from(`>?${text}`).toString("base64url"),
};

/**
 * Number of leaks that `planted.mjs` prints: a token and a password in each spelling, and a token in each of eight ways
 * to print.
 */
export const PLANTED = 2 * Object.keys(SPELLINGS).length + 8;

/** Throws when a planted leak stays undetected, or a clean text is suspected. Returns the number of planted leaks. */
export function testSearch() {
  const search = new LeakSearch({ tokens: [TOKEN], passwords: [PASSWORD] });
  const cases = Object.entries(SPELLINGS).flatMap(([name, spell]) =>
    [TOKEN, secretOf(TOKEN), PASSWORD].flatMap((secret) =>
      ["", "x", "ab", "line\n", '{"k":"'].map((before) => [name, bytesOf(`${before}${spell(secret)}" end`)]),
    ),
  );
  const unseen = cases.filter(([, text]) => search.find(text).length === 0);
  if (unseen.length > 0) throw new Problem(`The search does not see a leak that is ${unseen[0][0]}: ${unseen[0][1]}`);
  if (search.find(bytesOf(`ses_${"x".repeat(72)} ${TOKEN.slice(4, 26)} battery`)).length > 0)
    throw new Problem("The search sees a leak where there is none.");
  return cases.length;
}

/**
 * Runs a program with `env` to its end; it signs a user in and prints the token in every way. It must print one leak a
 * way, each with a token of its own.
 */
export function plantInProcess(env) {
  const program = inRoot("tools/leaks/planted.mjs");
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  return new Promise((resolve) => child.on("close", resolve));
}

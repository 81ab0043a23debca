// The names of all tests of this repository, read from the sources. Knows no requirement but the form of an id.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export interface NamedTest {
  /** As it stands in the source; what is filled in at run time is `…`. */
  readonly name: string;
  /** The requirements it is named after. */
  readonly ids: readonly string[];
  /** It shows something that does not hold yet. */
  readonly isTodo: boolean;
}

export const PACKAGES = fileURLToPath(new URL("../../../", import.meta.url));

/** The folders of tests; `src/testing` holds those of the published suites. */
const FOLDERS = ["sessile/test", "sessile/src/testing", "server/test"];

/** A call that makes a test, or the name of a check in a suite, up to the quotation mark. */
const BEGINNING = /(?:\b(?:test|it|describe)\(|\bname:)\s*(?=["`])/g;
const TODO = /^,\s*\{\s*todo:/;
const IDS = /^([A-R]\d{1,2}(?:, [A-R]\d{1,2})*): /;

/** The tests of each file; paths are relative to `packages`. */
export function filesWithTests(): ReadonlyMap<string, readonly NamedTest[]> {
  const paths = FOLDERS.flatMap((folder) => filesBelow(join(PACKAGES, folder)));
  return new Map(paths.map((path) => [relative(PACKAGES, path), testsIn(readFileSync(path, "utf8"))]));
}

/** The tests of one source text. */
export function testsIn(source: string): NamedTest[] {
  return [...source.matchAll(BEGINNING)].map((match) => {
    const { text, end } = literalAt(source, match.index + match[0].length);
    return { name: text, ids: IDS.exec(text)?.[1]?.split(", ") ?? [], isTodo: TODO.test(source.slice(end, end + 100)) };
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
    .map((file) => join(folder, file));
}

/** The text of the string or template that begins at `start`, and where the source goes on after it. */
function literalAt(source: string, start: number): { readonly text: string; readonly end: number } {
  const quote = source[start];
  let [text, at] = ["", start + 1];
  for (; source[at] !== quote; at++) {
    if (at >= source.length) throw new Error(`a string without an end: ${source.slice(start, start + 80)}`);
    if (source[at] === "\\") text += source[++at];
    else if (quote === "`" && source.startsWith("${", at)) {
      text += "…";
      at = endOfPlaceholder(source, at + 2);
    } else text += source[at];
  }
  return { text, end: at + 1 };
}

/** The index of the brace that closes the one opened before `at`. */
function endOfPlaceholder(source: string, at: number): number {
  for (let depth = 1; ; at++) {
    if (source[at] === "{") depth++;
    if (source[at] === "}" && --depth === 0) return at;
  }
}

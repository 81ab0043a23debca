// The tables of docs/security.md as values.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A test that a row names. */
export interface Reference {
  /** Relative to `packages`. */
  readonly file: string;
  readonly name: string;
}

export interface Row {
  readonly id: string;
  /** `open`: the tests show that it does not hold everywhere. */
  readonly state: "held" | "open" | "left out" | "pending";
  readonly tests: readonly Reference[];
  /** Why there is no test; empty where there is one. */
  readonly reason: string;
}

/** Figures that the page gives of itself. */
export interface Counts {
  readonly all: number;
  readonly held: number;
  readonly open: number;
  readonly leftOut: number;
  readonly pending: number;
}

const PAGE = fileURLToPath(new URL("../../../../docs/security.md", import.meta.url));
const LINE = /^\| ([A-R]\d{1,2}) +\|(.*)\|$/;
const COUNTS = /(\d+) requirements: (\d+) held, (\d+) open, (\d+) left out, (\d+) pending\./;
const REFERENCE = /`([^`]+\.ts)`: (.+?)(?=<br>|$)/g;

export function readPage(): string {
  return readFileSync(PAGE, "utf8");
}

/** The rows that begin with the id of a requirement (A to P) or of a fault (R). */
export function readRows(page: string): Row[] {
  return page.split("\n").flatMap((line) => {
    const match = LINE.exec(line);
    return match === null ? [] : [toRow(match[1] as string, cellsOf(match[2] as string))];
  });
}

export function readCounts(page: string): Counts {
  const match = COUNTS.exec(page);
  const [all, held, open, leftOut, pending] = (match ?? []).slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { all, held, open, leftOut, pending };
}

/** The requirements that each row of the advisories names. */
export function readAdvisories(page: string): string[][] {
  const [, table = ""] = page.split("\n| advisory |");
  return [...table.matchAll(/^\| .*\| ([^|]+) \|$/gm)].map(([, ids]) => (ids as string).split(", "));
}

/** Every test that any table names. */
export function readReferences(page: string): Reference[] {
  return page.split("\n").flatMap((line) => (line.startsWith("|") ? referencesIn(cellsOf(line).at(-2) ?? "") : []));
}

function toRow(id: string, cells: readonly string[]): Row {
  const last = cells.at(-1) ?? "";
  if (last.startsWith("_pending_")) return { id, state: "pending", tests: [], reason: last };
  if (last.startsWith("_left out_"))
    return { id, state: "left out", tests: [], reason: last.slice("_left out_: ".length) };
  const isOpen = cells.some((cell) => cell.startsWith("**Open:**"));
  return { id, state: isOpen ? "open" : "held", tests: referencesIn(last), reason: "" };
}

function referencesIn(cell: string): Reference[] {
  return [...cell.matchAll(REFERENCE)].map(([, file, name]) => ({
    file: file as string,
    name: unescaped(name as string),
  }));
}

function cellsOf(line: string): string[] {
  return line.split(/(?<!\\)\|/).map((cell) => cell.trim());
}

/** Markdown's own characters are escaped in a cell. */
function unescaped(text: string): string {
  return text.trim().replace(/\\([\\`*_|<>[\]])/g, "$1");
}

// The output of commands: text and tables for people, JSON for programs. The only place that decides about colours.

import { styleText } from "node:util";
import { printable, printableJson } from "../../http/printable.ts";

export type Style = "bold" | "dim" | "green" | "yellow" | "red";

export interface Streams {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export class Output {
  readonly isJson: boolean;
  readonly #streams: Streams;
  readonly #isColoured: boolean;

  /** `env` may switch colours off: with NO_COLOR (no-color.org), or with a terminal that has none. */
  constructor(streams: Streams, env: Readonly<Record<string, string | undefined>>, isJson: boolean) {
    this.#streams = streams;
    this.isJson = isJson;
    const isRefused = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
    this.#isColoured = streams.stdout.isTTY === true && !isRefused;
  }

  get stdin(): Streams["stdin"] {
    return this.#streams.stdin;
  }

  get stderr(): Streams["stderr"] {
    return this.#streams.stderr;
  }

  /** One line of the result. */
  line(text = ""): void {
    this.#streams.stdout.write(`${text}\n`);
  }

  /** One value of the result as JSON. */
  json(value: unknown, indent = 2): void {
    this.line(printableJson(JSON.stringify(value, null, indent)));
  }

  /** One line about the work, on stderr. */
  note(text: string): void {
    this.#streams.stderr.write(`${text}\n`);
  }

  /** `rows` under `heads`, aligned; numbers to the right. */
  table(heads: readonly string[], rows: readonly (readonly string[])[]): void {
    const cells = rows.map((row) => row.map(printable));
    const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => (row[i] ?? "").length)));
    const isNumber = heads.map((_, i) => cells.length > 0 && cells.every((row) => /^[\d,]+$/.test(row[i] ?? "")));
    const format = (row: readonly string[]) =>
      row.map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join("  ");
    this.line(this.paint("bold", format(heads).trimEnd()));
    for (const row of cells) this.line(format(row).trimEnd());
  }

  /** Pairs of a name and a value, one a line. */
  facts(facts: readonly (readonly [name: string, value: string])[]): void {
    const width = Math.max(...facts.map(([name]) => name.length));
    for (const [name, value] of facts) this.line(`${this.paint("dim", name.padEnd(width))}  ${printable(value)}`);
  }

  paint(style: Style, text: string): string {
    return this.#isColoured ? styleText(style, text, { validateStream: false }) : text;
  }
}

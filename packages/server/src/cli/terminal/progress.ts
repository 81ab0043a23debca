// The progress of long work: a bar on a terminal, an occasional line elsewhere.

import { count, span } from "./words.ts";

const WIDTH = 24;
/** Milliseconds between two drawings on a terminal, and between two lines elsewhere. */
const REDRAW = 100;
const REPEAT = 10_000;

export class Progress {
  readonly #stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly #label: string;
  readonly #total: number | null;
  readonly #startedAt = performance.now();
  #drawnAt = performance.now();

  /** `total` is `null` when the number is unknown in advance. */
  constructor(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }, label: string, total: number | null) {
    this.#stream = stream;
    this.#label = label;
    this.#total = total;
  }

  /** Takes the number done so far. */
  readonly update = (done: number): void => {
    const now = performance.now();
    if (now - this.#drawnAt < (this.#stream.isTTY === true ? REDRAW : REPEAT)) return;
    this.#drawnAt = now;
    const text = this.#describe(done, now);
    this.#stream.write(this.#stream.isTTY === true ? `\r\u001b[2K${text}` : `${text}\n`);
  };

  /** Leaves one line with the result. */
  end(text: string): void {
    const took = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    this.#stream.write(`${this.#stream.isTTY === true ? "\r\u001b[2K" : ""}${this.#label}: ${text}, ${took} s\n`);
  }

  #describe(done: number, now: number): string {
    const rate = Math.round(done / ((now - this.#startedAt) / 1000));
    if (this.#total === null || this.#total === 0) return `${this.#label}  ${count(done)}  ${count(rate)}/s`;
    const part = Math.min(done / this.#total, 1);
    const bar = "#".repeat(Math.round(part * WIDTH)).padEnd(WIDTH, "-");
    const left = rate === 0 ? "?" : span((Math.max(this.#total - done, 0) / rate) * 1000);
    const amount = `${count(done)} of ${count(this.#total)}`;
    return `${this.#label}  [${bar}] ${Math.round(part * 100)} %  ${amount}  ${count(rate)}/s  ${left} left`;
  }
}

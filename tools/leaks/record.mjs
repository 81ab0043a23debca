// The records of the processes of a run: how they are written, and how they are read afterwards.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PRELOAD = new URL("preload.mjs", import.meta.url).href;

export class LeakRecord {
  #folder = mkdtempSync(join(tmpdir(), "sessile-leaks-"));

  constructor() {
    chmodSync(this.#folder, 0o777); // a test may start a process of another user
  }

  /** The environment of a process to be watched; `file` is the test that it belongs to. */
  env(file) {
    const options = `${process.env.NODE_OPTIONS ?? ""} --import=${PRELOAD}`.trim();
    return { NODE_OPTIONS: options, SESSILE_LEAKS_FOLDER: this.#folder, SESSILE_LEAKS_FILE: file };
  }

  /** Every secret that was made or used, by kind. */
  secrets() {
    const tokens = new Set();
    const passwords = new Set();
    for (const name of this.#names(".secrets")) {
      const lines = readFileSync(join(this.#folder, name), "utf8").split("\n").filter(Boolean);
      for (const [kind, text] of lines.map((line) => JSON.parse(line)))
        (kind === "token" ? tokens : passwords).add(text);
    }
    return { tokens, passwords: passwords };
  }

  /** The output of each process, as strings of bytes. */
  *outputs() {
    for (const name of this.#names(".output")) yield { name, text: readFileSync(join(this.#folder, name), "latin1") };
  }

  /** Number of processes and threads that were watched. */
  get processes() {
    return this.#names(".output").length;
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #names(ending) {
    return readdirSync(this.#folder).filter((name) => name.endsWith(ending));
  }
}

// The file that is open, compared with the one that its path leads to now.

import { realpathSync, statSync } from "node:fs";

/** Milliseconds between two looks of a store that only reads. */
const INTERVAL = 500;

/**
 * A server goes on with a file that was removed or exchanged: the open one has no name any more, and all that is
 * written to it is lost. So the path is looked at after every write, and at reads twice a second.
 */
export class OpenFile {
  readonly path: string;
  /** The file and, with a log, what SQLite has beside it as long as a connection is open. */
  readonly files: readonly string[];
  /** Of all files, when they were opened. */
  readonly identity: string;
  /** What to say when it is another one. */
  readonly exchanged: string;
  #checkedAt = performance.now();

  /** To be made when a connection to `path` has read: then all files are there. */
  constructor(path: string, suffixes: readonly string[]) {
    this.path = path;
    // SQLite names the others after the file itself, where `path` is a link.
    const real = realpathSync(path);
    this.files = [path, ...suffixes.map((suffix) => real + suffix)];
    this.identity = identityOf(this.files);
    this.exchanged = `the file \`${path}\` was removed or exchanged since it was opened; put it back, or restart`;
  }

  /** Throws when the path leads to another file, or to none. */
  check(): void {
    if (identityOf(this.files) !== this.identity) throw new Error(this.exchanged);
    this.#checkedAt = performance.now();
  }

  /** The same, twice a second. */
  checkAtTimes(): void {
    if (performance.now() - this.#checkedAt >= INTERVAL) this.check();
  }
}

function identityOf(files: readonly string[]): string {
  const found = files.map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  return found.map((file) => `${file?.dev}:${file?.ino}`).join(" ");
}

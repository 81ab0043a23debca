// The header of the index that SQLite keeps of its log: it is another one after every commit, whoever committed. Knows no session.

import { readdirSync, readlinkSync, readSync, realpathSync } from "node:fs";

/** Bytes of one of the two copies of the header, see https://sqlite.org/walformat.html#the_wal_index_header. */
const LENGTH = 48;

/** The one format there is: version 3007000, in the byte order of the machine. */
const FORMAT = Buffer.from(new Uint32Array([3_007_000]).buffer).toString("latin1");

/** Where commits are counted since the index was made, which happens anew after a crash. Of an empty log the header is then always the same. */
const COMMITS = 8;

/**
 * The number of the file in which SQLite has the index of the log of `path` open in this process; `null` where that cannot be found
 * out. SQLite's own, and it stays open as long as any connection does: closing another one of the same file would drop
 * the locks that SQLite holds on it. With two of them it is not certain which is SQLite's: the other may be closed, and its number
 * become that of another file.
 */
export function findWalIndex(path: string): number | null {
  // Only here it is known where to look, and that a file reads as what was written to its map.
  if (process.platform !== "linux" || process.versions.deno !== undefined) return null;
  try {
    const index = `${realpathSync(path)}-shm`;
    const found = readdirSync("/proc/self/fd").filter((number) => targetOf(number) === index);
    return found.length === 1 ? Number(found[0]) : null;
  } catch {
    return null;
  }
}

function targetOf(number: string): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${number}`);
  } catch {
    return null;
  }
}

const bytes = Buffer.alloc(LENGTH);

/** The header as it is now; `null` when it cannot be read, or nothing was committed since the index was made. About a microsecond. */
export function headerOf(index: number): string | null {
  try {
    const length = readSync(index, bytes, 0, LENGTH, 0);
    const header = bytes.toString("latin1", 0, length);
    return length === LENGTH && header.startsWith(FORMAT) && bytes.readUInt32LE(COMMITS) > 0 ? header : null;
  } catch {
    return null;
  }
}

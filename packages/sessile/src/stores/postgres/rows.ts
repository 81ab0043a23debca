// Records as rows, and rows as records.

import type { SessionRecord } from "../../core/record.ts";
import { failure } from "../network/calls.ts";
import { readableRecord } from "../network/codec.ts";
import type { Position } from "../paging.ts";
import type { Value } from "./port.ts";

/** The first of the two columns of a stored form: all that is not data, and a digest of both. */
export function headIn(text: string): string {
  return text.slice(0, text.indexOf("\n"));
}

/** The columns that a commit replaces, besides the data. */
export function changingOf(record: SessionRecord): readonly string[] {
  return [String(record.expiresAt), String(dueAt(record))];
}

/**
 * When the sweep looks at the record: its deadline rounded up to a sixth of the idle timeout. So five of six touches
 * leave it as it was, and with it the index.
 */
export function dueAt({ expiresAt, lastSeenAt, absoluteExpiresAt }: SessionRecord): number {
  if (expiresAt >= absoluteExpiresAt) return absoluteExpiresAt;
  const slot = Math.max(1, Math.floor((expiresAt - lastSeenAt) / 6));
  return Math.ceil(expiresAt / slot) * slot;
}

/** A user's id as text that Postgres takes: without NUL and half characters, and still one text for each id. */
export function userKey(userId: string): string {
  return JSON.stringify(userId).slice(1, -1);
}

/** A row of a read, whose first column says whether this is a replica. */
export function checkPlace(row: readonly Value[] | undefined): readonly Value[] {
  if (row?.[0] === "false") return row;
  throw failure(
    "This connection leads to a replica, on which sessions that were signed out may live on. Connect to the primary.",
  );
}

/** A record in a page; `null` where it cannot be read. */
export interface Found {
  readonly position: Position;
  readonly record: SessionRecord | null;
}

/** The rows of a page, from the JSON text of a list of them. */
export function foundIn(text: Value | undefined): readonly Found[] {
  const rows = JSON.parse(text ?? "[]") as [sid: string, createdAt: number, text: string][];
  return rows.map(([sid, createdAt, stored]) => ({
    position: { createdAt, sid },
    record: readableRecord(stored, sid),
  }));
}

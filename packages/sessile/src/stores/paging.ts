// The order of a user's sessions, and the cursors of pages, in every store.

import { SessionError } from "../core/errors.ts";
import type { SessionRecord } from "../core/record.ts";
import type { Page, RecordPage } from "../core/store.ts";
import { isSid } from "../core/token.ts";

/** The end of a page. */
export interface Position {
  readonly createdAt: number;
  readonly sid: string;
}

export const DEFAULT_PAGE = 100;

/** Oldest first, then by sid. Both stay while the session is its user's, and with them its place. */
export function byAge(a: Position, b: Position): number {
  return a.createdAt - b.createdAt || (a.sid < b.sid ? -1 : Number(a.sid > b.sid));
}

/** A page of `records`, which are in the order of `byAge`. */
export function slicePage(records: readonly SessionRecord[], { limit = DEFAULT_PAGE, after }: Page): RecordPage {
  const from = after === undefined ? null : parseCursor(after);
  const rest = from === null ? records : records.filter((record) => byAge(record, from) > 0);
  return {
    records: rest.slice(0, limit),
    next: rest.length > limit ? formatCursor(rest[limit - 1] as SessionRecord) : null,
  };
}

export function formatCursor({ createdAt, sid }: Position): string {
  return `${createdAt}.${sid}`;
}

/** The sid after which a walk in the order of sids continues. Throws `ERR_SESSION_PAGE` for any other text. */
export function parseSid(after: string | undefined): string {
  if (after === undefined || isSid(after)) return after ?? "";
  throw wrongCursor();
}

/** Throws `ERR_SESSION_PAGE` for text that is not the `next` of a page. */
export function parseCursor(after: string): Position {
  const [, at, sid] = /^(\d+)\.(\w{22})$/.exec(after) ?? [];
  const position = { createdAt: Number(at), sid: sid as string };
  if (isSid(sid) && formatCursor(position) === after) return position;
  throw wrongCursor();
}

export function wrongCursor(): SessionError {
  return new SessionError("ERR_SESSION_PAGE", "`after` must be the `next` of an earlier page.");
}

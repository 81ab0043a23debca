// What runs side by side: one user, one session that is there before, and operations on it, each a process of its own.

import type { SessionRecord, SessionStore, UserLimit } from "sessile";
import { sampleRecord } from "sessile/testing";

export type Kind = "create" | "commit" | "touch" | "rotate" | "signOut" | "revokeAll" | "expire" | "sweep";

/** Without `sweep`, which Redis does by itself. */
export const KINDS: readonly Kind[] = ["create", "commit", "touch", "rotate", "signOut", "revokeAll", "expire"];

export interface Scenario {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Of every `create`. */
  readonly limit?: UserLimit;
  /** True when all operations run in one process, and so over one store object. */
  readonly isOneProcess?: boolean;
  /** True when the user's index does not name the session that is there before. */
  readonly isIndexLost?: boolean;
}

const NOW = Date.now();
const SECOND = 1000;

export const USER = "user";

/** The session that is there before. */
export const FIRST: SessionRecord = sampleRecord({ userId: USER, createdAt: NOW });

/** What the n-th operation creates. */
export const NEW: readonly SessionRecord[] = [1, 2, 3].map((n) => sampleRecord({ userId: USER, createdAt: NOW + n }));

const DIGESTS: readonly string[] = NEW.map(({ secretDigest }) => secretDigest);
/** The first session is over by then, unless it was touched; the new ones are not. */
const SWEPT_AT = FIRST.expiresAt + 30 * 60 * SECOND;
const TOUCHED: readonly number[] = [1, 2, 3].map((n) => SWEPT_AT + n * SECOND);

export function newDigest(process: number): string {
  return DIGESTS[process] as string;
}

export function touchedUntil(process: number): number {
  return TOUCHED[process] as number;
}

export function keyOf(process: number): string {
  return `key${process}`;
}

/** Does the n-th operation. Requests hold the first session as it was before anything happened. */
export function operate(kind: Kind, process: number, store: SessionStore, limit?: UserLimit): Promise<unknown> {
  const at = NOW + 60 * SECOND; // another minute, so that a touch looks at the index
  const { sid, secretDigest: from, expiresAt } = FIRST;
  switch (kind) {
    case "create":
      return store.create(NEW[process] as SessionRecord, limit);
    case "commit":
      return store.commit(sid, { at, set: { [keyOf(process)]: process } }, FIRST);
    case "touch":
      return store.commit(sid, { at, touch: { idleTimeout: touchedUntil(process) - at } }, FIRST);
    case "rotate":
      return store.commit(sid, { at, rotate: { kind: "replace", from, to: newDigest(process), family: "f" } }, FIRST);
    case "signOut":
      return store.delete(sid);
    case "revokeAll":
      return store.deleteByUser(USER);
    case "expire":
      return store.commit(sid, { at: expiresAt, set: { [keyOf(process)]: process } }, FIRST);
    case "sweep":
      return store.deleteExpired({ now: SWEPT_AT, limit: 10 });
  }
}

/** All unordered choices of `size` kinds, repetitions included. */
export function choices(size: number, from = 0): Kind[][] {
  if (size === 0) return [[]];
  return KINDS.slice(from).flatMap((kind, i) => choices(size - 1, from + i).map((rest) => [kind, ...rest]));
}

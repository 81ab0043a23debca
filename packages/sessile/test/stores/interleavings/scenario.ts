// A scenario: one user, one session from before, and operations on it side by side, each a process of its own.

import type { SessionDelta, SessionRecord, SessionStore, UserLimit } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { randomDigest } from "#dist/testing/records.js";

export type Kind =
  | "create"
  | "commit"
  | "touch"
  | "touchAll"
  | "rotate"
  | "offer"
  | "take"
  | "signOut"
  | "revokeAll"
  | "expire"
  | "sweep"
  | "join"
  | "joinToo"
  | "visit"
  | "visitorOut";

/** Without `sweep`, which Redis does by itself, and what is done with an offer, which is in `SECRETS`. */
export const KINDS: readonly Kind[] = ["create", "commit", "touch", "rotate", "signOut", "revokeAll", "expire"];

export interface Scenario {
  readonly name: string;
  readonly kinds: readonly Kind[];
  /** Of every `create` and every session that becomes the user's. */
  readonly limit?: UserLimit;
  /** True when all operations run in one process, and so over one store object. */
  readonly isOneProcess?: boolean;
  /** True when the user's index does not name the session that is there before. */
  readonly isIndexLost?: boolean;
}

const NOW = Date.now();
const SECOND = 1000;

export const USER = "user";

const [FAMILY, OPEN] = [randomDigest(), randomDigest()];

/** The session that is there before. Its client has been offered a new secret. */
export const FIRST: SessionRecord = sampleRecord({
  userId: USER,
  createdAt: NOW,
  rotation: { family: FAMILY, offer: OPEN, offeredAt: NOW, count: 1, taken: 0, previous: [] },
});

/** A session that was there and has ended. */
export const ENDED: SessionRecord = sampleRecord({ userId: USER, createdAt: NOW });

/** The record that the n-th operation creates. */
export const NEW: readonly SessionRecord[] = [1, 2, 3].map((n) => sampleRecord({ userId: USER, createdAt: NOW + n }));

/** The session of a visitor that is there before where the n-th operation makes it the user's. */
const VISITORS: readonly SessionRecord[] = NEW.map((record) => ({ ...record, userId: null, authenticatedAt: null }));

export function visitorsOf({ kinds }: Scenario): readonly SessionRecord[] {
  return VISITORS.filter((_, process) => kinds[process] === "join");
}

/** The session that the n-th operation creates or makes the user's; `null` where it does neither. */
export function ownSid(kind: Kind, process: number): string | null {
  const own = kind === "joinToo" ? 0 : process;
  return /^(create|join|joinToo)$/.test(kind) ? (NEW[own] as SessionRecord).sid : null;
}

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

/** The n-th operation's change of the secrets of the first session; `null` where it makes none. */
export function secretChange(kind: Kind, process: number): SecretChange | null {
  const [from, to] = [FIRST.secretDigest, newDigest(process)];
  if (kind === "rotate") return { kind: "replace", from, to, family: FAMILY };
  if (kind === "offer") return { kind: "offer", from, over: OPEN, to, family: FAMILY };
  return kind === "take" ? { kind: "take", to: OPEN } : null;
}

type SecretChange = NonNullable<SessionDelta["rotate"]>;

/** The session that the first operation makes the user's. */
const VISITOR = VISITORS[0] as SessionRecord;

/** Does the n-th operation. Requests hold the first session as it was before anything happened. */
export function operate(kind: Kind, process: number, store: SessionStore, limit?: UserLimit): Promise<unknown> {
  const at = NOW + 60 * SECOND; // another minute, so that a touch looks at the index
  const { sid, expiresAt } = FIRST;
  switch (kind) {
    case "create":
      return store.create(NEW[process] as SessionRecord, limit);
    case "commit":
      return store.commit(sid, { at, set: { [keyOf(process)]: process } }, FIRST);
    case "touch":
      return store.commit(sid, { at, touch: { idleTimeout: touchedUntil(process) - at } }, FIRST);
    case "touchAll":
      return (store as Required<SessionStore>).touch(
        [FIRST, ENDED].map((record) => {
          return [record.sid, { at, touch: { idleTimeout: touchedUntil(process) - at } }, record];
        }),
      );
    case "rotate":
    case "offer":
    case "take":
      return store.commit(sid, { at, rotate: secretChange(kind, process) as SecretChange }, FIRST);
    case "signOut":
      return store.delete(sid);
    case "revokeAll":
      return store.deleteByUser(USER);
    case "expire":
      return store.commit(sid, { at: expiresAt, set: { [keyOf(process)]: process } }, FIRST);
    case "join":
    case "joinToo": {
      const visitor = VISITORS[kind === "join" ? process : 0] as SessionRecord;
      const delta = { at, owner: USER, set: { [keyOf(process)]: process }, ...(limit && { userLimit: limit }) };
      return store.commit(visitor.sid, delta, visitor);
    }
    case "visit":
      return store.commit(VISITOR.sid, { at, set: { [keyOf(process)]: process } }, VISITOR);
    case "visitorOut":
      return store.delete(VISITOR.sid);
    case "sweep":
      return store.deleteExpired({ now: SWEPT_AT, limit: 10 });
  }
}

/** Touches of two sessions at once, of which one has ended, beside each other operation. */
export const TOUCHES: readonly (readonly Kind[])[] = [
  ...KINDS.map((other): readonly Kind[] => ["touchAll", other]),
  ["create", "touchAll"],
  ["touchAll", "touchAll"],
  ["touchAll", "offer"],
  ["touchAll", "take"],
];

/** The same beside two others. */
export const TOUCHES_BETWEEN: readonly (readonly Kind[])[] = [
  ["touchAll", "touchAll", "revokeAll"],
  ["touchAll", "create", "signOut"],
  ["touchAll", "commit", "signOut"],
  ["touchAll", "rotate", "revokeAll"],
  ["touchAll", "offer", "take"],
  ["touchAll", "touch", "expire"],
];

/** Operations on an offer, beside each other operation and among themselves. */
export const SECRETS: readonly (readonly Kind[])[] = [
  ...(["offer", "take"] as const).flatMap((kind) => KINDS.map((other) => [kind, other])),
  ["offer", "offer"],
  ["offer", "take"],
  ["take", "take"],
  ["offer", "take", "rotate"],
  ["offer", "take", "signOut"],
];

/** What may happen while expired sessions are swept. */
export const SWEEPS: readonly (readonly Kind[])[] = (
  ["create", "commit", "touch", "rotate", "signOut", "revokeAll", "sweep"] as const
).map((kind) => [kind, "sweep"]);

/** A visitor's session becomes the user's, beside other operations on it, on the user's sessions, and on others. */
export const OWNERS: readonly (readonly Kind[])[] = [
  ...(["create", "revokeAll", "signOut", "join", "joinToo", "visit", "visitorOut"] as const).map(
    (other) => ["join", other] as const,
  ),
  ["join", "joinToo", "visitorOut"],
  ["join", "joinToo", "revokeAll"],
  ["join", "visit", "revokeAll"],
  ["join", "create", "visitorOut"],
  ["join", "join", "create"],
];

/** All unordered choices of `size` kinds, repetitions included. */
export function choices(size: number, from = 0): Kind[][] {
  if (size === 0) return [[]];
  return KINDS.slice(from).flatMap((kind, i) => choices(size - 1, from + i).map((rest) => [kind, ...rest]));
}

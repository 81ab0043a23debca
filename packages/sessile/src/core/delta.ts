// The changes of one request: as a handler makes them, as a store applies them.

import { checkDataKey, checkKey, copyJson, formatData, type Json, type JsonObject, parseData } from "./data.ts";
import { flashKeys, isFlashKey, MOST_FLASHES, newFlashKey } from "./flash.ts";
import type { DataLimits } from "./options.ts";
import { deadline, frozenRotation, isExpired, MAX_PREVIOUS, type SessionRecord } from "./record.ts";
import type { UserLimit } from "./store.ts";

/**
 * The changes of one request to one session. Everything but `at` is optional; a delta with `at` alone changes nothing.
 */
export interface SessionDelta {
  /** When the change is made. A session that is over by then is gone. */
  readonly at: number;
  /** Top-level keys of the data and their new values. */
  readonly set?: JsonObject;
  /** Top-level keys to remove. */
  readonly remove?: readonly string[];
  /** Refuse with `conflict` unless the record is at this version. */
  readonly ifVersion?: number;
  /**
   * For a session that was made at this time, and still is its user's. Another one of the same sid is another session:
   * this one is gone.
   */
  readonly ifCreatedAt?: number;
  /**
   * Makes the session this user's; `null`: an anonymous one. When it was another user's before, it begins anew: its
   * `createdAt` is later, so what a request of that user has to write does not reach it.
   */
  readonly owner?: string | null;
  /**
   * How many sessions `owner` may have. The store keeps it in the step in which this one becomes that user's. One that
   * cannot do so where the rule is `refuse` answers `refused` to every such change.
   */
  readonly userLimit?: UserLimit;
  /** This user proved again who they are: moves `authenticatedAt` to `at`. Of another user's session this one is gone. */
  readonly elevate?: string;
  /**
   * The session was used at `seenAt`, or at `at` without one: moves `lastSeenAt` there and the deadline to `idleTimeout`
   * ms after it, never backwards.
   */
  readonly touch?: { readonly seenAt?: number; readonly idleTimeout: number };
  /**
   * The session's own idle timeout from now on, in ms. When it changes, `touch` may move the deadline backwards too.
   */
  readonly idleTimeout?: number;
  /** A change of the secrets. Refused with `conflict` unless the record has those that it starts from. */
  readonly rotate?: SecretChange;
  /** Refuse with `conflict` when the merged data would exceed these. */
  readonly limits?: Omit<DataLimits, "depth">;
}

/**
 * A change of a session's secrets, as digests. Each names what it starts from, so that of several at once one is made.
 */
export type SecretChange =
  /** Offers a new secret: `from` stays the current one. `over` is the open offer, which ends; `null` where there is none. */
  | {
      readonly kind: "offer";
      readonly from: string;
      readonly over: string | null;
      readonly to: string;
      readonly family: string;
    }
  /** The client uses the open offer `to`: it becomes the current secret. */
  | { readonly kind: "take"; readonly to: string }
  /** Replaces the current secret `from` and the open offer at once. `keep` is a previous one that stays good for a grace. */
  | {
      readonly kind: "replace";
      readonly from: string;
      readonly to: string;
      readonly family: string;
      readonly keep?: string;
    };

/**
 * The record after `delta`; `"gone"` when the session was over at `delta.at`; `"conflict"` when a condition of the
 * delta does not hold. Never changes `record`.
 */
export function applyDelta(record: SessionRecord, delta: SessionDelta): SessionRecord | "gone" | "conflict" {
  if (isExpired(record, delta.at)) return "gone";
  if (delta.ifCreatedAt !== undefined && delta.ifCreatedAt !== record.createdAt) return "gone";
  if (delta.elevate !== undefined && delta.elevate !== record.userId) return "gone";
  if (delta.ifVersion !== undefined && delta.ifVersion !== record.version) return "conflict";
  const secrets = delta.rotate === undefined ? {} : changeSecrets(record, delta.rotate, delta.at);
  if (secrets === "conflict") return "conflict";
  const data = mergeData(record.data, delta);
  if (data === "conflict") return "conflict";
  return Object.freeze({
    ...record,
    data,
    ...owned(record, delta),
    ...(delta.elevate !== undefined && { authenticatedAt: delta.at }),
    ...touched(record, delta),
    ...secrets,
    version: delta.set === undefined && delta.remove === undefined ? record.version : record.version + 1,
    writes: record.writes + 1,
  });
}

function mergeData(text: string, { set, remove, limits }: SessionDelta): string | "conflict" {
  if (set === undefined && remove === undefined) return text;
  const data: Record<string, Json> = parseData(text);
  for (const key of remove ?? []) delete data[key];
  Object.assign(data, set);
  const merged = formatData(data);
  return limits && excessOf(data, merged, limits) ? "conflict" : merged;
}

/** Which of the limits `data` and its text exceed, in words; `undefined` when none. */
export function excessOf(data: JsonObject, text: string, limits: Omit<DataLimits, "depth">): string | undefined {
  const amounts = { keys: Object.keys(data).length, dataBytes: Buffer.byteLength(text) };
  for (const name of ["keys", "dataBytes"] as const)
    if (amounts[name] > limits[name]) return `.${name}\`: ${amounts[name]} instead of at most ${limits[name]}`;
  return undefined;
}

function owned({ userId, createdAt }: SessionRecord, { at, owner }: SessionDelta): Partial<SessionRecord> {
  if (owner === undefined || owner === userId) return {};
  return {
    userId: owner,
    authenticatedAt: owner === null ? null : at,
    createdAt: userId === null ? createdAt : Math.max(at, createdAt + 1),
  };
}

function touched(record: SessionRecord, { at, touch, idleTimeout }: SessionDelta): Partial<SessionRecord> {
  if (touch === undefined) return {};
  const { seenAt = at } = touch;
  const expiresAt = deadline(seenAt, touch.idleTimeout, record.absoluteExpiresAt);
  const isOther = idleTimeout !== undefined && idleTimeout !== record.idleTimeout;
  return {
    lastSeenAt: Math.max(record.lastSeenAt, seenAt),
    expiresAt: isOther ? expiresAt : Math.max(record.expiresAt, expiresAt),
    ...(isOther && { idleTimeout }),
  };
}

function changeSecrets(record: SessionRecord, change: SecretChange, at: number): Partial<SessionRecord> | "conflict" {
  const { secretDigest, rotation } = record;
  const offer = rotation?.offer ?? null;
  if (change.kind === "take") {
    if (rotation === null || change.to !== offer) return "conflict";
    const { count } = rotation;
    return {
      secretDigest: change.to,
      rotatedAt: at,
      rotation: frozenRotation({ ...rotation, offer: null, taken: count, previous: [secretDigest] }),
    };
  }
  if (change.from !== secretDigest) return "conflict";
  const count = (rotation?.count ?? 0) + 1;
  const { family, to } = change;
  const previous = rotation?.previous ?? [];
  if (change.kind === "offer") {
    if (change.over !== offer) return "conflict";
    return {
      rotation: frozenRotation({ family, offer: to, offeredAt: at, count, taken: rotation?.taken ?? 0, previous }),
    };
  }
  const good = [offer, secretDigest, previous.find((each) => each === change.keep) ?? null].filter(
    (each) => each !== null,
  );
  return {
    secretDigest: to,
    rotatedAt: at,
    rotation: frozenRotation({
      family,
      offer: null,
      offeredAt: at,
      count,
      taken: count,
      previous: good.slice(0, MAX_PREVIOUS),
    }),
  };
}

interface Change {
  readonly key: string;
  /** Computes the new value from the present one; `undefined` removes the key. */
  readonly apply: (value: Json | undefined) => Json | undefined;
  /** Whether another request may replace the value that the new one is computed from. */
  readonly isDependent: boolean;
}

/** The data as the handler sees it: the loaded data, with the handler's changes on top. */
export class Changes {
  #changes: Change[] = [];
  #view: JsonObject;
  readonly #limits: DataLimits;

  /** `base` is never changed, and not copied where it has no prototype. */
  constructor(base: JsonObject, limits: DataLimits) {
    this.#view = withoutPrototype(base);
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#changes.length === 0;
  }

  /** True when a change was computed from the value it replaces. */
  get isDependent(): boolean {
    return this.#changes.some(({ isDependent }) => isDependent);
  }

  /** The data with the changes applied. */
  get view(): JsonObject {
    return this.#view;
  }

  set(key: string, value: unknown): void {
    checkDataKey(key);
    const copy = value === undefined ? undefined : copyJson(value, key, this.#limits.depth);
    this.#replace({ key, apply: () => copy, isDependent: false });
  }

  remove(key: string): void {
    this.#replace({ key, apply: () => undefined, isDependent: false });
  }

  update(key: string, fn: (value: unknown) => unknown): void {
    const depth = this.#limits.depth;
    const apply = (value: Json | undefined): Json | undefined => {
      const next = fn(value === undefined ? undefined : copyJson(value, key, depth));
      return next === undefined ? undefined : copyJson(next, checkDataKey(key), depth);
    };
    this.#add({ key, apply, isDependent: !this.#changes.some((earlier) => earlier.key === key) });
  }

  /** Adds a message of this kind beside those that are there. */
  flash(kind: string, value: unknown): void {
    const message = [checkKey(kind), copyJson(value, kind, this.#limits.depth)];
    this.#add({ key: newFlashKey(), apply: () => message, isDependent: false });
    for (const key of flashKeys(this.#view).slice(0, -MOST_FLASHES)) this.remove(key);
  }

  /** The messages that were added here, without any other change; `null` where there are none. */
  flashes(): Changes | null {
    const flashes = new Changes({}, this.#limits);
    for (const change of this.#changes) if (isFlashKey(change.key) && change.key in this.#view) flashes.#add(change);
    return flashes.isEmpty ? null : flashes;
  }

  /** Replays the changes on newer data. When one of them throws, everything is as before. */
  rebase(base: JsonObject): void {
    const before = this.#view;
    this.#view = withoutPrototype(base);
    try {
      for (const change of this.#changes) this.#apply(change);
    } catch (error) {
      this.#view = before;
      throw error;
    }
  }

  /** No changes yet, on top of these: takes what the handler does while these are being written. */
  branch(): Changes {
    return new Changes(this.#view, this.#limits);
  }

  /** Takes a branch back, because these could not be written. */
  join(branch: Changes): void {
    this.#changes.push(...branch.#changes);
    this.#view = branch.#view;
  }

  /** The new values of the changed keys, and the keys that are gone. */
  outcome(): { set: JsonObject; remove: readonly string[] } {
    const set: Record<string, Json> = {};
    const remove: string[] = [];
    for (const key of new Set(this.#changes.map((change) => change.key))) {
      const value = this.#view[key];
      if (value === undefined) remove.push(key);
      else set[key] = value;
    }
    return { set, remove };
  }

  #replace(change: Change): void {
    this.#changes = this.#changes.filter(({ key }) => key !== change.key);
    this.#add(change);
  }

  #add(change: Change): void {
    this.#apply(change);
    this.#changes.push(change);
  }

  #apply({ key, apply }: Change): void {
    const value = apply(this.#view[key]);
    const view = copyShallow(this.#view);
    if (value === undefined) delete view[key];
    else view[key] = value;
    this.#view = view;
  }
}

function withoutPrototype(data: JsonObject): JsonObject {
  return Object.getPrototypeOf(data) === null ? data : copyShallow(data);
}

function copyShallow(data: JsonObject): Record<string, Json> {
  return Object.assign(Object.create(null) as Record<string, Json>, data);
}

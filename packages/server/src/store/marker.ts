// The mark on a store that must not be served, because a migration fills it or has moved its sessions. It is a record
// like any other, so that every store can hold it; its token does not exist.

import { randomBytes } from "node:crypto";
import type { SessionRecord, SessionStore } from "sessile/store";

/** As long as a sid, but never drawn. */
export const MARKER_SID = "sessileMigrationMarker";

export type Marker =
  /** its sessions are copies of those in `store`, possibly incomplete or outdated */
  | { readonly state: "filling"; readonly store: string }
  /** its sessions are in `store` now */
  | { readonly state: "moved"; readonly store: string };

/** The longest life of a session; after it, no copied session is left either. */
const LIFETIME = 400 * 86_400_000;

/** The mark of a store; `null` when it may be served. */
export async function readMarker(store: SessionStore): Promise<Marker | null> {
  const record = await store.load(MARKER_SID);
  return record === null ? null : (JSON.parse(record.data) as Marker);
}

/**
 * An existing mark is changed in one step: between a deletion and a new mark, a crash would let a server start on the
 * store.
 */
export async function setMarker(store: SessionStore, marker: Marker): Promise<void> {
  const now = Date.now();
  const { status } = await store.create(recordOf(marker, now));
  if (status !== "created") await store.commit(MARKER_SID, { at: now, set: { ...marker } });
}

export async function clearMarker(store: SessionStore): Promise<void> {
  await store.delete(MARKER_SID);
}

/** The store without its mark, for lists and revocations. */
export function withoutMarker(store: SessionStore): SessionStore {
  const seen: Pick<SessionStore, "load" | "scan"> = {
    load: async (sid) => (sid === MARKER_SID ? null : store.load(sid)),
    scan: async (page) => {
      const { records, next } = await store.scan(page);
      return { records: records.filter(({ sid }) => sid !== MARKER_SID), next };
    },
  };
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(Object.hasOwn(seen, name) ? seen : target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Why a server must not start on this store, with a remedy; `null` when it may. */
export async function objectionTo(store: SessionStore, name: string): Promise<string | null> {
  const marker = await readMarker(store);
  if (marker === null) return null;
  if (marker.state === "moved")
    return `The sessions of ${name} have moved to ${marker.store}. Use that as --store, or see sessile migrate --help for the way back.`;
  return `${name} is being filled with the sessions of ${marker.store}. Finish that with sessile migrate --final.`;
}

function recordOf(marker: Marker, now: number): SessionRecord {
  const end = now + LIFETIME;
  return {
    sid: MARKER_SID,
    userId: null,
    secretDigest: randomBytes(32).toString("base64url"),
    rotation: null,
    data: JSON.stringify(marker),
    createdAt: now,
    authenticatedAt: null,
    rotatedAt: now,
    lastSeenAt: now,
    expiresAt: end,
    absoluteExpiresAt: end,
    idleTimeout: null,
    persistent: true,
    binding: null,
    version: 1,
    writes: 1,
    device: null,
  };
}

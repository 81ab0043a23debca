// The types of requests and answers between the admin page and the server. An internal interface: it may change with
// every release.

export type AuditAction =
  | "signIn"
  | "signOut"
  | "confirm"
  | "showData"
  | "endSession"
  | "endOthers"
  | "endUser"
  | "endEveryone"
  | "grant"
  | "withdraw"
  | "addUser"
  | "setPassword"
  | "disable"
  | "enable"
  | "remove"
  | "addKey"
  | "rotateKey"
  | "revokeKey";

/** A crash interrupted an action that stays `begun`. */
export type AuditOutcome = "begun" | "done" | "refused" | "failed";

export interface AuditEntry {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  readonly outcome: AuditOutcome;
  /** Number of sessions it ended; `null` for an action that ends none. */
  readonly ended: number | null;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}

/** The causes for which sessions end. */
export const CAUSES = ["signedOut", "expired", "revoked", "limit", "reuse", "failed"] as const;
export type Cause = (typeof CAUSES)[number];

/** One event in the life of a session. */
export interface Activity {
  readonly id: number;
  readonly at: number;
  readonly kind: "signedIn" | "rotated" | Cause;
  readonly sid: string;
  readonly userId: string | null;
  readonly userName: string | null;
}

/**
 * The figures of one interval: sums over it, except for `live` and the latencies, in milliseconds. `null`: no value.
 */
export interface Figures {
  /** The end of the interval. */
  readonly at: number;
  readonly live: number | null;
  readonly signIns: number;
  readonly ended: Readonly<Record<Cause, number>>;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly hits: number;
  readonly misses: number;
  readonly errors: number;
  readonly isStoreUp: boolean;
}

export interface Overview {
  readonly store: string;
  /** Whether the store can count its sessions. */
  readonly isCounted: boolean;
  /** Whether that number is an estimate. */
  readonly isEstimate: boolean;
  readonly hasCache: boolean;
  /** Milliseconds between two figures. */
  readonly interval: number;
  /** Oldest first; at most an hour of them. */
  readonly history: readonly Figures[];
  /** Newest first. */
  readonly activity: readonly Activity[];
}

/** A session in a list. */
export interface SessionRow {
  readonly sid: string;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly device: string | null;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
}

export interface SessionRows {
  /** By last use, latest first, within this page. */
  readonly sessions: readonly SessionRow[];
  readonly next: string | null;
  /** Number of sessions read to fill the page. */
  readonly examined: number;
}

export interface UserSessions {
  readonly userId: string;
  readonly userName: string | null;
  /** By last use, latest first: all of them, unless `isCut`. */
  readonly sessions: readonly SessionRow[];
  readonly isCut: boolean;
}

export interface DataKey {
  readonly name: string;
  readonly type: string;
  /** Number of characters of its JSON. */
  readonly size: number;
}

export interface SessionView extends SessionRow {
  readonly authenticatedAt: number | null;
  readonly rotatedAt: number;
  readonly absoluteExpiresAt: number;
  readonly version: number;
  readonly idleTimeout: number;
  /** Whether the browser keeps the session's cookie when it is closed. */
  readonly persistent: boolean;
  readonly keys: readonly DataKey[];
  /** Number of sessions of the user. */
  readonly ofUser: number;
}

export type Found =
  | { readonly kind: "session"; readonly sid: string }
  | { readonly kind: "user"; readonly userId: string }
  | { readonly kind: "nothing" };

/** The progress of ending all sessions. */
export interface Ending {
  readonly isRunning: boolean;
  readonly ended: number;
  readonly hasFailed: boolean;
}

// What the admin page and the server say to each other. The page's own interface: it may change with every release. Types only.

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

/** An action that is `begun` and never finished was cut off by a crash. */
export type AuditOutcome = "begun" | "done" | "refused" | "failed";

export interface AuditEntry {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  readonly outcome: AuditOutcome;
  /** How many sessions it ended; `null` for what ends none. */
  readonly ended: number | null;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  readonly next: number | null;
}

/** Why sessions end. */
export const CAUSES = ["signedOut", "expired", "revoked", "limit", "reuse", "failed"] as const;
export type Cause = (typeof CAUSES)[number];

/** Something that happened to a session. */
export interface Activity {
  readonly id: number;
  readonly at: number;
  readonly kind: "signedIn" | "rotated" | Cause;
  readonly sid: string;
  readonly userId: string | null;
  readonly userName: string | null;
}

/** The figures of one interval, as sums over it but for `live` and the latencies, in milliseconds. `null`: nothing to tell. */
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
  /** Whether the store can say how many sessions there are. */
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

/** What a list shows of a session. */
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
  /** How many sessions were looked at to fill the page. */
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
  /** Characters of its JSON. */
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
  /** How many sessions the user has. */
  readonly ofUser: number;
}

export type Found =
  | { readonly kind: "session"; readonly sid: string }
  | { readonly kind: "user"; readonly userId: string }
  | { readonly kind: "nothing" };

/** How far ending everybody's sessions has come. */
export interface Ending {
  readonly isRunning: boolean;
  readonly ended: number;
  readonly hasFailed: boolean;
}

// Imports the sessions of signed-in users from express-session. Each is written before it is deleted from its source.

import type { JsonObject } from "sessile";
import { importFormerSession } from "sessile/former-sessions";
import type { SessionStore } from "sessile/store";
import { patiently } from "../migrate/patience.ts";
import type { FormerRow, FormerStore } from "./former-store.ts";

export interface Counts {
  imported: number;
  /** Sessions without a user; they stay in the source. */
  anonymous: number;
  expired: number;
  /** Sessions that are no JSON, or hold text that no store keeps. */
  unreadable: number;
}

export interface ImportOptions {
  readonly from: FormerStore;
  readonly to: SessionStore;
  /** The path to the user's id in a session: `["passport", "user"]`. */
  readonly userPath: readonly string[];
  /** Count only. */
  readonly isDry: boolean;
  readonly progress: (done: number) => void;
}

/**
 * The longest life of an imported session. A cookie that ends with the browser has no lifetime; its session gets a day,
 * as in connect-redis.
 */
const LONGEST = 400 * 86_400_000;
const UNSAID = 86_400_000;

export async function importSessions({ from, to, userPath, isDry, progress }: ImportOptions): Promise<Counts> {
  const counts: Counts = { imported: 0, anonymous: 0, expired: 0, unreadable: 0 };
  let seen = 0;
  for await (const rows of from.rows()) {
    const taken: string[] = [];
    for (const row of rows) {
      const fate = await bring(row, to, userPath, isDry);
      counts[fate]++;
      if (fate === "imported") taken.push(row.id);
    }
    if (!isDry) await from.delete(taken);
    seen += rows.length;
    progress(seen);
  }
  return counts;
}

async function bring(
  row: FormerRow,
  to: SessionStore,
  userPath: readonly string[],
  isDry: boolean,
): Promise<keyof Counts> {
  const session = parse(row.text);
  if (session === null) return "unreadable";
  const { cookie, ...data } = session;
  const userId = userOf(data, userPath);
  if (userId === null) return "anonymous";
  const now = Date.now();
  const expiresAt = Math.min(row.expiresAt ?? endOf(cookie) ?? now + UNSAID, now + LONGEST);
  if (expiresAt <= now) return "expired";
  // An interrupted run may have written the session without deleting it from the source.
  if (!isDry)
    await patiently(() => importFormerSession(to, { id: row.id, userId, data, expiresAt, persistent: isKept(cookie) }));
  return "imported";
}

function parse(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text, keep);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

/** Managers refuse half a surrogate pair, and it could make one user of two. */
function keep(key: string, value: unknown): unknown {
  if (key === "__proto__") return undefined;
  if (key.isWellFormed() && (typeof value !== "string" || value.isWellFormed())) return value;
  throw new Error("half a surrogate pair");
}

function userOf(data: JsonObject, path: readonly string[]): string | null {
  let value: unknown = data;
  for (const name of path) {
    const isObject = typeof value === "object" && value !== null && Object.hasOwn(value, name);
    value = isObject ? (value as Record<string, unknown>)[name] : undefined;
  }
  return (typeof value === "string" && value !== "") || typeof value === "number" ? String(value) : null;
}

/** False for a cookie that ends with the browser. */
function isKept(cookie: unknown): boolean {
  const { expires } = (cookie ?? {}) as { readonly expires?: unknown };
  return expires !== null && expires !== false;
}

function endOf(cookie: unknown): number | null {
  const { expires } = (cookie ?? {}) as { readonly expires?: unknown };
  const at = typeof expires === "string" ? Date.parse(expires) : Number.NaN;
  return Number.isFinite(at) ? at : null;
}

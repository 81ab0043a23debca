// Lists of sessions for people who search: filtered, and in the order of last use as far as the store allows.

import type { SessionInfo, SessionManager } from "sessile";
import type { SessionRow, SessionRows, UserSessions } from "./api.ts";

export interface Filter {
  /** Part of the device, in upper or lower case. */
  readonly device?: string | undefined;
  /** Last used within this number of milliseconds, or longer ago. */
  readonly usedWithin?: number | undefined;
  readonly unusedFor?: number | undefined;
  /** Only sessions of users, or only those of anonymous visitors. */
  readonly kind?: "users" | "anonymous" | undefined;
}

export interface BrowseRequest extends Filter {
  readonly limit: number;
  readonly after?: string | undefined;
}

/** Number of sessions read for one page: with few matches a page is short, and its cost stays the same. */
const MOST_EXAMINED = 2000;
/** Number of sessions of one user that are sorted. */
const MOST_OF_USER = 1000;

type NameOf = (userId: string | null) => string | null;

/** Searches all sessions: the pages are in the store's order, and each is sorted by itself. */
export async function browse(manager: SessionManager, request: BrowseRequest, nameOf: NameOf): Promise<SessionRows> {
  const found: SessionInfo[] = [];
  let [examined, next] = [0, request.after ?? null];
  do {
    const page = await manager.listAll({ limit: request.limit, ...(next !== null && { after: next }) });
    examined += request.limit;
    found.push(...page.sessions.filter((session) => suits(session, request)));
    next = page.next;
  } while (next !== null && found.length < request.limit / 2 && examined < MOST_EXAMINED);
  return { sessions: rowsOf(found, nameOf), next, examined };
}

/** All sessions of a user, in the exact order of their last use. */
export async function browseUser(manager: SessionManager, userId: string, nameOf: NameOf): Promise<UserSessions> {
  const { sessions, next } = await manager.list(userId, { limit: MOST_OF_USER });
  return { userId, userName: nameOf(userId), sessions: rowsOf(sessions, nameOf), isCut: next !== null };
}

function suits({ device, lastSeenAt, userId }: SessionInfo, filter: Filter): boolean {
  const unused = Date.now() - lastSeenAt;
  if (filter.device && !(device ?? "").toLowerCase().includes(filter.device.toLowerCase())) return false;
  if (filter.usedWithin !== undefined && unused > filter.usedWithin) return false;
  if (filter.unusedFor !== undefined && unused <= filter.unusedFor) return false;
  return filter.kind === undefined || (filter.kind === "users") === (userId !== null);
}

function rowsOf(sessions: readonly SessionInfo[], nameOf: NameOf): SessionRow[] {
  const unique = new Map(sessions.map((session) => [session.sid, session]));
  return [...unique.values()].sort((a, b) => b.lastSeenAt - a.lastSeenAt).map((session) => toRow(session, nameOf));
}

/** Copies field by field, so that future fields of sessions are not shown unintended. */
export function toRow(session: SessionInfo, nameOf: NameOf): SessionRow {
  const { sid, userId, device, createdAt, lastSeenAt, expiresAt } = session;
  return { sid, userId, userName: nameOf(userId), device, createdAt, lastSeenAt, expiresAt };
}

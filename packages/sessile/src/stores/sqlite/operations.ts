// What each write does, inside a transaction that is already open. The same code in the writer thread and on a handle.

import { applyDelta, type SessionDelta } from "../../core/delta.ts";
import { isSessionError } from "../../core/errors.ts";
import type { SessionRecord } from "../../core/record.ts";
import type { Committed, Created, SweepBudget, UserLimit } from "../../core/store.ts";
import { texts } from "./port.ts";
import { toChanges, toRow, toText } from "./row.ts";
import { readRecord, type Statements } from "./statements.ts";

/** A write as a value, because it travels to another thread. */
export type Operation =
  | { readonly kind: "create"; readonly record: SessionRecord; readonly limit?: UserLimit | undefined }
  | { readonly kind: "commit"; readonly sid: string; readonly delta: SessionDelta }
  | { readonly kind: "delete"; readonly sid: string }
  | { readonly kind: "deleteByUser"; readonly userId: string; readonly except?: string | undefined }
  | { readonly kind: "deleteExpired"; readonly budget: SweepBudget };

/** What each kind of write answers with. */
export interface Answers {
  readonly create: Created;
  readonly commit: Committed;
  readonly delete: boolean;
  readonly deleteByUser: readonly string[];
  readonly deleteExpired: readonly string[];
}

export function perform(statements: Statements, operation: Operation): Answers[Operation["kind"]] {
  switch (operation.kind) {
    case "create":
      return create(statements, operation.record, operation.limit);
    case "commit":
      return commit(statements, operation.sid, operation.delta);
    case "delete":
      return Number(statements.delete.run(operation.sid).changes) > 0;
    case "deleteByUser":
      return texts(statements.deleteByUser, toText(operation.userId), operation.except ?? null);
    case "deleteExpired":
      return deleteExpired(statements, operation.budget);
  }
}

/** The sids of all sessions that the operation may have written or deleted when it answered `answer`. */
export function touchedBy(operation: Operation, answer: unknown): readonly string[] {
  switch (operation.kind) {
    case "create":
      return [operation.record.sid, ...((answer as { evicted?: readonly string[] }).evicted ?? [])];
    case "commit":
    case "delete":
      return [operation.sid];
    case "deleteByUser":
    case "deleteExpired":
      return answer as readonly string[];
  }
}

function create(statements: Statements, record: SessionRecord, limit: UserLimit | undefined): Created {
  const excess = excessOf(statements, record, limit);
  if (excess.length > 0 && statements.exists.get(record.sid)) return { status: "exists" };
  if (excess.length > 0 && limit?.onExceeded === "refuse") return { status: "refused" };
  for (const sid of excess) statements.delete.run(sid);
  const isNew = Number(statements.insert.run(...toRow(record)).changes) > 0;
  return isNew ? { status: "created", evicted: excess } : { status: "exists" };
}

/** The live sessions of the user that must end so that one more keeps within the limit, oldest first. */
function excessOf(
  statements: Statements,
  { userId, createdAt }: SessionRecord,
  limit: UserLimit | undefined,
): string[] {
  if (limit === undefined || userId === null) return [];
  const live = texts(statements.live, toText(userId), createdAt);
  return live.slice(0, Math.max(live.length - limit.max + 1, 0));
}

/** A damaged record is gone: nothing that a delta says of it would be true. */
function commit(statements: Statements, sid: string, delta: SessionDelta): Committed {
  try {
    return commitReadable(statements, sid, delta);
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return { status: "gone" };
    throw error;
  }
}

function commitReadable(statements: Statements, sid: string, delta: SessionDelta): Committed {
  const record = readRecord(statements, sid);
  if (record === null) return { status: "gone" };
  const next = applyDelta(record, delta);
  if (next === "gone") return { status: "gone" };
  if (next === "conflict") return { status: "conflict", record };
  statements.update.run(...toChanges(next), sid);
  return { status: "ok", record: next };
}

function deleteExpired({ deleteExpired: sweep }: Statements, { now, limit }: SweepBudget): string[] {
  return texts(sweep, now, now, limit);
}

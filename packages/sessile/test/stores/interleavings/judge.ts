// The facts that must hold after every run, in every order and after every crash.

import assert from "node:assert/strict";
import {
  applyDelta,
  type Committed,
  type Created,
  type SessionDelta,
  type SessionRecord,
  type SessionStore,
} from "sessile/store";
import { sampleRecord } from "sessile/testing";
import {
  ENDED,
  FIRST,
  type Kind,
  keyOf,
  NEW,
  ownSid,
  type Scenario,
  secretChange,
  touchedUntil,
  USER,
} from "./scenario.ts";

/** The end of an operation: it returned, it failed with a store error, or it is never resumed. */
export interface Outcome {
  readonly kind: Kind;
  readonly status: "returned" | "failed" | "crashed";
  readonly value?: unknown;
}

export interface Aftermath {
  readonly scenario: Scenario;
  readonly outcomes: readonly Outcome[];
  /** True when nothing was made to fail. */
  readonly isCalm: boolean;
  /** A store without gates. */
  readonly store: SessionStore;
  /** Members of the user's index, now. */
  readonly members: () => Promise<readonly string[]>;
  /** Positions in the order of commands; -1 when there was none. */
  readonly firstCommandOf: (process: number) => number;
  readonly lastIndexCommandOf: (process: number) => number;
}

interface Ending {
  readonly live: ReadonlyMap<string, SessionRecord>;
  readonly listed: readonly string[];
}

export async function judge(aftermath: Aftermath): Promise<void> {
  const members = await aftermath.members();
  const ending = await readEnding(aftermath);
  checkDead(aftermath, ending);
  checkListed(aftermath, ending);
  checkCreated(aftermath, ending);
  checkFirst(aftermath, ending);
  checkSecrets(aftermath, ending);
  checkCommits(aftermath, ending);
  checkOwners(aftermath, ending);
  checkLimit(aftermath, ending, members);
  if (aftermath.isCalm) checkIndex(ending, members);
  else await checkNext(aftermath, ending);
}

/** The list comes first: it finishes what a crashed caller left marked. */
async function readEnding({ store, outcomes }: Aftermath): Promise<Ending> {
  const { records } = await store.list(USER);
  const others = sidsInPlay(outcomes).filter((sid) => records.every((record) => record.sid !== sid));
  const loaded = await Promise.all(others.map(async (sid) => store.load(sid)));
  const live = [...records, ...loaded].flatMap((record) => (record === null ? [] : [[record.sid, record] as const]));
  return { listed: records.map(({ sid }) => sid), live: new Map(live) };
}

function sidsInPlay(outcomes: readonly Outcome[]): string[] {
  return [...new Set([FIRST.sid, ENDED.sid, ...outcomes.flatMap(({ kind }, process) => ownSid(kind, process) ?? [])])];
}

/** Nothing comes back: whatever was acknowledged as ended is not loadable and not listed. */
function checkDead({ outcomes, scenario }: Aftermath, { live, listed }: Ending): void {
  assert.ok(!live.has(ENDED.sid) && !listed.includes(ENDED.sid), "a touch brought a session back that had ended");
  for (const [process, outcome] of outcomes.entries()) {
    for (const sid of acknowledgedDead(outcome, process, scenario)) {
      assert.ok(!live.has(sid), `${nameOf(sid)} was acknowledged as ended by ${outcome.kind} ${process}, and lives`);
      assert.ok(!listed.includes(sid), `${nameOf(sid)} has ended and is listed`);
    }
  }
}

/** A revocation reaches what the index names. */
function acknowledgedDead(outcome: Outcome, process: number, { isIndexLost }: Scenario): readonly string[] {
  const own = NEW[process]?.sid as string;
  if (outcome.status === "failed") return outcome.kind === "create" ? [own] : [];
  if (outcome.status === "crashed") return [];
  if (outcome.kind === "signOut") return [FIRST.sid];
  if (outcome.kind === "sweep") return outcome.value as string[];
  if (outcome.kind === "revokeAll") return [...(isIndexLost ? [] : [FIRST.sid]), ...(outcome.value as string[])];
  if (outcome.kind === "visitorOut") return [VISITOR];
  if (isJoin(outcome.kind) && (outcome.value as Committed).status === "refused") return [];
  const sid = ownSid(outcome.kind, process);
  return sid === null ? [] : (createdBy(outcome)?.evicted ?? [sid]);
}

/** A live session whose token was returned is listed. */
function checkListed({ outcomes }: Aftermath, { live, listed }: Ending): void {
  for (const sid of [FIRST.sid, ...handedOut(outcomes)]) {
    if (live.has(sid) && !inDoubt(sid, outcomes))
      assert.ok(listed.includes(sid), `${nameOf(sid)} lives and is not listed`);
  }
}

function handedOut(outcomes: readonly Outcome[]): string[] {
  const sids = outcomes.map((outcome, process) => createdBy(outcome) && ownSid(outcome.kind, process));
  return [...new Set(sids.filter((sid) => sid !== null))];
}

/** A session that has begun, or has become the user's. */
function createdBy(outcome: Outcome): { readonly evicted: readonly string[] } | null {
  if (outcome.status !== "returned" || !(outcome.kind === "create" || isJoin(outcome.kind))) return null;
  const answer = outcome.value as Created | Committed;
  if (answer.status === "created") return answer;
  return answer.status === "ok" ? { evicted: answer.evicted ?? [] } : null;
}

/** On Redis, a session whose change of the user was cut off has its place after its next touch. */
function inDoubt(sid: string, outcomes: readonly Outcome[]): boolean {
  return outcomes.some(({ kind, status }, other) => {
    return isJoin(kind) && status !== "returned" && ownSid(kind, other) === sid;
  });
}

function isJoin(kind: Kind): boolean {
  return kind === "join" || kind === "joinToo";
}

/** The session that the first operation makes the user's. */
const VISITOR = (NEW[0] as SessionRecord).sid;

/** A session that began ends for a reason that an operation reports. */
function checkCreated(aftermath: Aftermath, { live }: Ending): void {
  for (const [process, outcome] of aftermath.outcomes.entries()) {
    if (outcome.kind !== "create" || outcome.status !== "returned") continue;
    const { sid } = NEW[process] as SessionRecord;
    if (createdBy(outcome) !== null && !live.has(sid)) {
      assert.ok(isReported(sid, aftermath.outcomes), `${nameOf(sid)} died unreported`);
    }
    for (const [other, { kind, status }] of aftermath.outcomes.entries()) {
      if (kind === "revokeAll" && status === "returned") checkMeeting(aftermath, process, other, live.has(sid));
    }
  }
}

/** A session that was being created when a revocation began is ended by it; one that began after it is not. */
function checkMeeting(aftermath: Aftermath, create: number, revokeAll: number, isLive: boolean): void {
  const { scenario, outcomes, firstCommandOf, lastIndexCommandOf } = aftermath;
  if (scenario.isOneProcess) return;
  const isMet = firstCommandOf(create) < firstCommandOf(revokeAll);
  assert.ok(
    !(isMet && isLive),
    `create ${create} was under way when revokeAll ${revokeAll} began, and its session lives`,
  );
  const isAfter = lastIndexCommandOf(revokeAll) < firstCommandOf(create);
  if (!isAfter || mayBeEnded(aftermath, create, revokeAll)) return;
  assert.notEqual(
    (outcomes[create] as { value: Created }).value.status,
    "revoked",
    "it began after the revocation that hit it",
  );
}

/** True when something but the revocation `except` may end what `process` creates. */
function mayBeEnded({ outcomes, scenario }: Aftermath, process: number, except: number): boolean {
  const evicts = scenario.limit?.onExceeded === "evictOldest";
  return outcomes.some(({ kind }, other) => {
    const mayEvict = evicts && (kind === "create" || isJoin(kind));
    return other !== except && other !== process && (kind === "revokeAll" || mayEvict);
  });
}

/** True when an operation reports the end, or crashed before it could. */
function isReported(sid: string, outcomes: readonly Outcome[]): boolean {
  return outcomes.some((outcome) => {
    if (outcome.kind === "signOut")
      return sid === FIRST.sid && (outcome.status !== "returned" || outcome.value === true);
    if (outcome.kind === "revokeAll" || outcome.kind === "sweep")
      return outcome.status !== "returned" || (outcome.value as string[]).includes(sid);
    if (outcome.kind === "visitorOut")
      return sid === VISITOR && (outcome.status !== "returned" || outcome.value === true);
    if (outcome.kind !== "create" && !isJoin(outcome.kind)) return false;
    return outcome.status !== "returned" || (createdBy(outcome)?.evicted.includes(sid) ?? wasRevoked(outcome));
  });
}

/** A create that evicted and was then revoked itself has no way to report it. */
function wasRevoked(outcome: Outcome): boolean {
  return outcome.status === "returned" && (outcome.value as Created).status === "revoked";
}

/** The first session lives unless an operation ended it. */
function checkFirst({ outcomes, scenario }: Aftermath, { live }: Ending): void {
  if (live.has(FIRST.sid)) return;
  assert.ok(isReported(FIRST.sid, outcomes), "the first session died unreported");
  const mayEvict = scenario.limit?.onExceeded === "evictOldest";
  const killers = outcomes.filter(
    ({ kind }) =>
      kind === "signOut" || kind === "revokeAll" || kind === "sweep" || (mayEvict && ownSid(kind, 0) !== null),
  );
  assert.ok(killers.length > 0, "the first session died of nothing");
}

/** Nothing lost: what was acknowledged is there, exactly once, unless the session has ended. */
function checkCommits({ outcomes }: Aftermath, { live }: Ending): void {
  const record = live.get(FIRST.sid);
  const data = record && (JSON.parse(record.data) as Record<string, unknown>);
  for (const [process, outcome] of outcomes.entries()) {
    if (outcome.kind === "touchAll" && outcome.status === "returned" && record !== undefined)
      assert.ok(record.expiresAt >= touchedUntil(process), "an acknowledged touch of several is lost");
    if (!isCommit(outcome.kind) || outcome.status !== "returned") continue;
    const { status } = outcome.value as Committed;
    if (secretChange(outcome.kind, process) === null)
      assert.notEqual(status, "conflict", "a delta without conditions conflicts with nothing");
    if (outcome.kind !== "expire") assert.ok(status !== "gone" || record === undefined, "gone, and it lives");
    if (outcome.kind === "expire" && status === "ok")
      assert.ok(
        outcomes.some(({ kind }) => kind === "touch" || kind === "touchAll"),
        "it was over",
      );
    if (record === undefined || status === "conflict") continue;
    if (outcome.kind === "touch") assert.ok(record.expiresAt >= touchedUntil(process), "an acknowledged touch is lost");
    if (outcome.kind === "commit" || outcome.kind === "expire") {
      assert.equal(
        data?.[keyOf(process)],
        status === "ok" ? process : undefined,
        "acknowledged, and not what is stored",
      );
    }
  }
  if (record === undefined || !outcomes.every(({ status }) => status === "returned")) return;
  const written = outcomes.filter(({ kind, value }) => isCommit(kind) && (value as Committed).status === "ok");
  const touches = outcomes.filter(({ kind }) => kind === "touchAll");
  const writes = record.writes - FIRST.writes - touches.length;
  assert.equal(writes, written.length, "every acknowledged commit counts one write, and so does a touch of several");
}

function isCommit(kind: Kind): boolean {
  return ["commit", "touch", "rotate", "offer", "take", "expire"].includes(kind);
}

/** Changes of the secrets that are not gone have the results, and leave the secrets, that they have in some order. */
function checkSecrets({ outcomes }: Aftermath, { live }: Ending): void {
  const changes = outcomes.flatMap(({ kind, status, value }, process) => {
    const rotate = secretChange(kind, process);
    if (rotate === null) return [];
    const result = status === "returned" ? (value as Committed).status : null;
    return result === "gone" ? [] : [{ rotate, result }];
  });
  const stored = live.get(FIRST.sid);
  const fits = orders(changes).some((order) => {
    let record = FIRST;
    for (const { rotate, result } of order) {
      const next = applyDelta(record, { at: FIRST.createdAt, rotate });
      if (result !== null && result !== (typeof next === "string" ? next : "ok")) return false;
      if (typeof next !== "string") record = next;
    }
    return stored === undefined || secretsOf(stored) === secretsOf(record);
  });
  assert.ok(fits, `no order explains the secrets: ${JSON.stringify(changes)}`);
}

function secretsOf({ secretDigest, rotation }: SessionRecord): string {
  return `${secretDigest} ${rotation?.offer ?? null}`;
}

interface Change {
  readonly rotate: NonNullable<SessionDelta["rotate"]>;
  /** `null` where no operation was told: it was done or not. */
  readonly result: Committed["status"] | null;
}

/** All orders of the changes, with and without each whose result is unknown. */
function orders(changes: readonly Change[]): Change[][] {
  const isOptional = changes.every(({ result }) => result === null);
  const begun = changes.flatMap((change, at) => {
    const others = changes.filter((_, other) => other !== at);
    return orders(others).map((rest) => [change, ...rest]);
  });
  return isOptional ? [[], ...begun] : begun;
}

/** A session is the user's when any operation was told so, and no other's otherwise; what was written is there. */
function checkOwners({ outcomes }: Aftermath, { live }: Ending): void {
  for (const [process, outcome] of outcomes.entries()) {
    if (!(isJoin(outcome.kind) || outcome.kind === "visit") || outcome.status !== "returned") continue;
    const sid = ownSid(outcome.kind, process) ?? VISITOR;
    const record = live.get(sid);
    const { status } = outcome.value as Committed;
    assert.notEqual(status, "conflict", "a delta without conditions conflicts with nothing");
    if (status === "gone") {
      assert.equal(record, undefined, "gone, and it lives");
      assert.ok(isReported(sid, outcomes) || outcomes.some(({ kind }) => kind === "revokeAll"), "it died of nothing");
    }
    if (record === undefined) continue;
    const written = (JSON.parse(record.data) as Record<string, unknown>)[keyOf(process)];
    assert.equal(written, status === "ok" ? process : undefined, "acknowledged, and not what is stored");
    const joins = outcomes.filter(({ kind }, other) => isJoin(kind) && ownSid(kind, other) === sid);
    if (joins.some((join) => createdBy(join) !== null)) assert.equal(record.userId, USER);
    else if (joins.every((join) => join.status === "returned")) assert.equal(record.userId, null);
  }
}

/** No more sessions than allowed; each sign-in begins where the rule evicts. */
function checkLimit({ scenario, outcomes }: Aftermath, { live }: Ending, members: readonly string[]): void {
  const { limit } = scenario;
  if (limit === undefined) return;
  const confirmed = members.filter((member) => member.startsWith("c") && live.has(member.slice(1)));
  assert.ok(confirmed.length <= limit.max, `${confirmed.length} confirmed with a limit of ${limit.max}`);
  const usable = [FIRST.sid, ...handedOut(outcomes)].filter((sid) => live.has(sid) && !inDoubt(sid, outcomes));
  assert.ok(usable.length <= limit.max, `${usable.length} sessions with a limit of ${limit.max}`);
  if (limit.onExceeded !== "evictOldest" || outcomes.some(({ kind }) => kind === "revokeAll")) return;
  for (const [process, outcome] of outcomes.entries()) {
    if (ownSid(outcome.kind, process) === null || outcome.status !== "returned") continue;
    const isGone = isJoin(outcome.kind) && (outcome.value as Committed).status === "gone";
    assert.ok(isGone || createdBy(outcome) !== null, `create ${process} was turned away by a rule that evicts`);
  }
}

/**
 * When nothing failed, the index names what lives, and nothing else. A touch that crashed may leave an entry of a
 * session that ended.
 */
function checkIndex({ live }: Ending, members: readonly string[]): void {
  const confirmed = [...live.values()].flatMap(({ sid, userId }) => (userId === USER ? [`c${sid}`] : []));
  assert.deepEqual([...members].sort(), confirmed.sort(), "the index names something else than what lives");
}

/**
 * The next operation finds a clean state: nothing marked, nothing in the way, nothing that lives after a revocation.
 */
async function checkNext({ store, members, outcomes }: Aftermath, { live }: Ending): Promise<void> {
  await store.deleteByUser(USER);
  assert.deepEqual(await members(), [], "the next revocation left something in the index");
  const joining = outcomes.flatMap(({ kind }, process) => (isJoin(kind) ? ownSid(kind, process) : []));
  const visitors = joining.filter((sid) => sid !== null && !handedOut(outcomes).includes(sid));
  const crashed = outcomes.map(({ status }, process) => (status === "crashed" ? NEW[process]?.sid : undefined));
  const orphans = [...visitors, ...crashed];
  for (const sid of live.keys()) {
    if (!orphans.includes(sid)) assert.equal(await store.load(sid), null, `${nameOf(sid)} outlived a revocation`);
  }
  const next = sampleRecord({ userId: USER });
  assert.deepEqual(await store.create(next, { max: 1, onExceeded: "refuse" }), { status: "created", evicted: [] });
}

function nameOf(sid: string): string {
  const process = NEW.findIndex((record) => record.sid === sid);
  return process === -1 ? "the first session" : `the session of create ${process}`;
}

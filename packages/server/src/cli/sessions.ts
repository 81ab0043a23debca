// `sessile sessions`: lists live sessions, shows one and ends them.

import type { SessionInfo, SessionManager, SessionPage } from "sessile";
import { describeInfo } from "../api/describe.ts";
import { UsageError } from "../config/usage-error.ts";
import type { Names } from "../console/names.ts";
import { printable } from "../http/printable.ts";
import { normalizeName } from "../identity/users/user-name.ts";
import { UserStore } from "../identity/users/user-store.ts";
import {
  type Call,
  type Command,
  EXIT,
  type ExitCode,
  JSON_OPTION,
  optional,
  STORE_SETTINGS,
  wholeNumber,
} from "./command.ts";
import { counted, instant, span } from "./terminal/words.ts";
import { withExisting, withNames, withUsers } from "./with-store.ts";

const SETTINGS = [...STORE_SETTINGS, "users"];
const USER = [
  { name: "user", value: "ID", help: "of the user with this id, as the application gives it" },
  { name: "name", value: "NAME", help: "of the user with this name, who signs in with a password" },
];

export const SESSIONS_COMMANDS: readonly Command[] = [
  {
    name: "sessions list",
    summary: "show live sessions, all of them or those of one user",
    options: [
      ...USER,
      { name: "limit", value: "N", help: "sessions on a page, 1 to 1000; default 50" },
      { name: "after", value: "CURSOR", help: "the next page, from the end of the page before" },
      { name: "all", help: "all pages; with --json one session a line" },
      JSON_OPTION,
    ],
    settings: SETTINGS,
    notes:
      "The sessions of one user come oldest first, all sessions in the order of the store. Instants are UTC. Exits with 1 where a user has none.",
    examples: [
      "sessile sessions list",
      "sessile sessions list --name alice",
      "sessile sessions list --all --json | jq -r .user_id | sort | uniq -c",
    ],
    run: (call) => run(call, list),
  },
  {
    name: "sessions show",
    takes: "SID",
    summary: "show one live session",
    options: [{ name: "data", help: "with the application's data, which may be private" }, JSON_OPTION],
    settings: SETTINGS,
    examples: ["sessile sessions show 8Wd5kXo0hcQxwN1mTzJr2v"],
    run: (call) => run(call, show),
  },
  {
    name: "sessions revoke",
    takes: "[SID…]",
    summary: "end sessions, or all of one user",
    options: [...USER, JSON_OPTION],
    settings: SETTINGS,
    notes:
      "A running server stops accepting them at once, with --cache within that time. Exits with 1 where there was nothing to end.",
    examples: ["sessile sessions revoke 8Wd5kXo0hcQxwN1mTzJr2v", "sessile sessions revoke --name alice"],
    run: (call) => run(call, revoke),
  },
];

interface Reached {
  readonly manager: SessionManager;
  /** `null` where there is no file of users. */
  readonly names: Names | null;
}

type Work = (call: Call, reached: Reached) => Promise<ExitCode>;

function run(call: Call, work: Work): Promise<ExitCode> {
  return withExisting(call, ({ manager }) => withNames(call, (names) => work(call, { manager, names })));
}

async function list(call: Call, { manager, names }: Reached): Promise<ExitCode> {
  const limit = wholeNumber(call, "limit", call.given["all"] === true ? 1000 : 50, [1, 1000]);
  const userId = await userIdOf(call);
  const read = (after: string | null): Promise<SessionPage> => {
    const page = { limit, ...(after !== null && { after }) };
    return userId === null ? manager.listAll(page) : manager.list(userId, page);
  };
  const found = await (call.given["all"] === true ? listEverything : listPage)(call, read, names);
  if (found > 0 || userId === null) return EXIT.done;
  noteNone(call, userId, names);
  return EXIT.failed;
}

type Read = (after: string | null) => Promise<SessionPage>;

/** Returns the number of sessions listed. */
async function listPage(call: Call, read: Read, names: Names | null): Promise<number> {
  const { sessions, next } = await read(optional(call, "after") ?? null);
  if (call.output.isJson) call.output.json({ sessions: sessions.map((info) => toJson(info, names)), next });
  else showTable(call, sessions, names);
  if (!call.output.isJson && next !== null) call.output.line(`\nThere is more: --after ${next}`);
  return sessions.length;
}

/** A store may return a session twice in a long walk, and so may this list. */
async function listEverything(call: Call, read: Read, names: Names | null): Promise<number> {
  let [after, found, isFirst]: [string | null, number, boolean] = [null, 0, true];
  do {
    const page: SessionPage = await read(after);
    if (call.output.isJson) for (const info of page.sessions) call.output.json(toJson(info, names), 0);
    else if (isFirst || page.sessions.length > 0) showTable(call, page.sessions, names);
    [after, found, isFirst] = [page.next, found + page.sessions.length, false];
  } while (after !== null);
  return found;
}

/** The column of names exists only with a file of users. */
function showTable({ output }: Call, sessions: readonly SessionInfo[], names: Names | null): void {
  if (sessions.length === 0) {
    output.line("There are no live sessions here.");
    return;
  }
  const ofName = (cell: string): readonly string[] => (names === null ? [] : [cell]);
  const now = Date.now();
  const rows = sessions.map(({ sid, userId, device, createdAt, lastSeenAt, expiresAt }) => [
    sid,
    userId ?? "-",
    ...ofName(names?.of(userId) ?? "-"),
    instant(createdAt),
    `${span(now - lastSeenAt)} ago`,
    `in ${span(expiresAt - now)}`,
    device ?? "-",
  ]);
  output.table(["SID", "USER", ...ofName("NAME"), "BEGAN", "SEEN", "ENDS", "DEVICE"], rows);
}

async function show(call: Call, { manager, names }: Reached): Promise<ExitCode> {
  const sid = call.words[0] as string;
  const found = await manager.find(sid, { data: call.given["data"] === true });
  if (found === null) return missing(call, sid);
  const { rotatedAt, version, data } = found;
  if (call.output.isJson) {
    const more = { rotated_at: new Date(rotatedAt).toISOString(), version };
    call.output.json({ ...toJson(found, names), ...more, ...(data !== undefined && { data }) });
    return EXIT.done;
  }
  call.output.facts([
    ["sid", found.sid],
    ["user", found.userId ?? "none: an anonymous session"],
    ...(names === null || found.userId === null ? [] : [["name", names.of(found.userId) ?? "-"] as const]),
    ["device", found.device ?? "-"],
    ["began", instant(found.createdAt)],
    ["signed in", found.authenticatedAt === null ? "-" : instant(found.authenticatedAt)],
    ["token of", instant(rotatedAt)],
    ["last seen", instant(found.lastSeenAt)],
    ["ends", endOf(found)],
    ["cookie", found.persistent ? "kept when the browser is closed" : "forgotten when the browser is closed"],
    ["version", String(version)],
    ...(data === undefined ? [] : [["data", JSON.stringify(data)] as const]),
  ]);
  return EXIT.done;
}

/** A single deadline where the absolute one comes before the idle one. */
function endOf({ expiresAt, absoluteExpiresAt }: Readonly<Record<"expiresAt" | "absoluteExpiresAt", number>>): string {
  if (expiresAt >= absoluteExpiresAt) return `${instant(absoluteExpiresAt)}, used or not`;
  return `${instant(expiresAt)} if it is not used, ${instant(absoluteExpiresAt)} in any case`;
}

async function revoke(call: Call, { manager, names }: Reached): Promise<ExitCode> {
  const userId = await userIdOf(call);
  if ((userId === null) === (call.words.length === 0))
    throw new UsageError("Say which sessions: their sids, or --user ID, or --name NAME; and one of these only.");
  if (userId !== null) {
    const ended = await manager.revokeUser(userId);
    if (ended === 0) noteNone(call, userId, names);
    return told(call, ended);
  }
  let ended = 0;
  for (const sid of call.words) {
    if (await manager.revoke(sid)) ended++;
    else missing(call, sid);
  }
  told(call, ended);
  return ended === call.words.length ? EXIT.done : EXIT.failed;
}

function told({ output }: Call, ended: number): ExitCode {
  if (output.isJson) output.json({ ended });
  else output.line(`Ended ${counted(ended, "session")}.`);
  return ended > 0 ? EXIT.done : EXIT.failed;
}

/** The word may be a token, so it is repeated only when it looks like a sid. */
function missing({ output }: Call, sid: string): ExitCode {
  const named = /^[0-9A-Za-z]{22}$/.test(sid) ? sid : "of that name (a sid has 22 letters and digits)";
  output.note(`sessile: there is no live session ${named}.`);
  return EXIT.failed;
}

/** The likeliest mistake is a name in place of an id. */
function noteNone({ output }: Call, userId: string, names: Names | null): void {
  const name = names?.of(userId) ?? null;
  const whose = name === null ? `the user with the id ${printable(userId)}` : name;
  const isName = names !== null && name === null && names.idOf(userId) !== userId;
  const hint = isName ? ` ${printable(userId)} is a name: use --name ${printable(userId)}.` : "";
  output.note(`sessile: there are no live sessions of ${whose}.${hint}`);
}

/** The user whose sessions were asked for; `null` for all sessions. */
async function userIdOf(call: Call): Promise<string | null> {
  const [id, name] = [optional(call, "user"), optional(call, "name")];
  if (id !== undefined && name !== undefined) throw new UsageError("Give --user or --name, not both.");
  if (name === undefined) return id ?? null;
  const user = await withUsers(call, false, (file) => new UserStore(file).find(normalizeName(name) ?? ""));
  if (user !== null) return String(user.id);
  throw new UsageError("There is no user of that name. See sessile users list.");
}

function toJson(info: SessionInfo, names: Names | null): object {
  return { ...describeInfo(info), user_name: names?.of(info.userId) ?? null };
}

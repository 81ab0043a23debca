// `sessile sessions`: who is signed in, from everybody's sessions or one user's, and ending them.

import type { SessionInfo, SessionManager, SessionPage } from "sessile";
import { UsageError } from "../config/usage-error.ts";
import { counted, instant, span } from "../terminal/words.ts";
import { normalizeName } from "../users/user-name.ts";
import { UserStore } from "../users/user-store.ts";
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
import { requireFile, withStore, withUsers } from "./with-store.ts";

const SETTINGS = [...STORE_SETTINGS, "users"];
const USER = [
  { name: "user", value: "ID", help: "of this user; the id as the application gives it" },
  { name: "name", value: "NAME", help: "of the user of this name, who signs in with a password" },
];

export const SESSIONS_COMMANDS: readonly Command[] = [
  {
    name: "sessions list",
    summary: "show live sessions, of everybody or of one user",
    options: [
      ...USER,
      { name: "limit", value: "N", help: "about so many, 1 to 1000; default 50" },
      { name: "after", value: "CURSOR", help: "go on where a list said that there is more" },
      { name: "all", help: "everything, page by page; with --json one session a line" },
      JSON_OPTION,
    ],
    settings: SETTINGS,
    notes: "One user's are shown oldest first; everybody's in an order of the store's own. Instants are UTC.",
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
      "A running server stops accepting them at once, one with --cache within that time. Exits with 1 where nothing was there to end.",
    examples: ["sessile sessions revoke 8Wd5kXo0hcQxwN1mTzJr2v", "sessile sessions revoke --name alice"],
    run: (call) => run(call, revoke),
  },
];

type Work = (call: Call, manager: SessionManager) => Promise<ExitCode>;

function run(call: Call, work: Work): Promise<ExitCode> {
  requireFile(call.settings.all["store"]?.text ?? "");
  return withStore(call, ({ manager }) => work(call, manager));
}

async function list(call: Call, manager: SessionManager): Promise<ExitCode> {
  const limit = wholeNumber(call, "limit", call.given["all"] === true ? 1000 : 50, [1, 1000]);
  const userId = await userIdOf(call);
  const read = (after: string | null): Promise<SessionPage> => {
    const page = { limit, ...(after !== null && { after }) };
    return userId === null ? manager.listAll(page) : manager.list(userId, page);
  };
  if (call.given["all"] === true) return listEverything(call, read);
  const { sessions, next } = await read(optional(call, "after") ?? null);
  if (call.output.isJson) call.output.json({ sessions: sessions.map(toJson), next });
  else showTable(call, sessions);
  if (!call.output.isJson && next !== null) call.output.line(`\nThere is more: --after ${next}`);
  return EXIT.done;
}

/** A store may show a session twice in a long walk, and so does this. */
async function listEverything(call: Call, read: (after: string | null) => Promise<SessionPage>): Promise<ExitCode> {
  let [after, isFirst]: [string | null, boolean] = [null, true];
  do {
    const page: SessionPage = await read(after);
    if (call.output.isJson) for (const info of page.sessions) call.output.json(toJson(info), 0);
    else if (isFirst || page.sessions.length > 0) showTable(call, page.sessions);
    [after, isFirst] = [page.next, false];
  } while (after !== null);
  return EXIT.done;
}

function showTable({ output }: Call, sessions: readonly SessionInfo[]): void {
  if (sessions.length === 0) {
    output.line("There are no live sessions here.");
    return;
  }
  const now = Date.now();
  const rows = sessions.map(({ sid, userId, device, createdAt, lastSeenAt, expiresAt }) => [
    sid,
    userId ?? "-",
    instant(createdAt),
    `${span(now - lastSeenAt)} ago`,
    `in ${span(expiresAt - now)}`,
    device ?? "-",
  ]);
  output.table(["SID", "USER", "BEGAN", "SEEN", "ENDS", "DEVICE"], rows);
}

async function show(call: Call, manager: SessionManager): Promise<ExitCode> {
  const sid = call.words[0] as string;
  const found = await manager.find(sid, { data: call.given["data"] === true });
  if (found === null) return missing(call, sid);
  const { rotatedAt, absoluteExpiresAt, version, data } = found;
  if (call.output.isJson) {
    const more = { rotated_at: iso(rotatedAt), absolute_expires_at: iso(absoluteExpiresAt), version };
    call.output.json({ ...toJson(found), ...more, ...(data !== undefined && { data }) });
    return EXIT.done;
  }
  call.output.facts([
    ["sid", found.sid],
    ["user", found.userId ?? "nobody: an anonymous session"],
    ["device", found.device ?? "-"],
    ["began", instant(found.createdAt)],
    ["signed in", found.authenticatedAt === null ? "-" : instant(found.authenticatedAt)],
    ["token of", instant(rotatedAt)],
    ["last seen", instant(found.lastSeenAt)],
    ["ends", `${instant(found.expiresAt)} if it is not used, ${instant(absoluteExpiresAt)} whatever happens`],
    ["version", String(version)],
    ...(data === undefined ? [] : [["data", JSON.stringify(data)] as const]),
  ]);
  return EXIT.done;
}

async function revoke(call: Call, manager: SessionManager): Promise<ExitCode> {
  const userId = await userIdOf(call);
  if ((userId === null) === (call.words.length === 0))
    throw new UsageError("Say which sessions: their sids, or --user ID, or --name NAME; and one of these only.");
  if (userId !== null) return told(call, await manager.revokeUser(userId));
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

/** What was typed may be a token, so it is not repeated unless it looks like a sid. */
function missing({ output }: Call, sid: string): ExitCode {
  const named = /^[0-9A-Za-z]{22}$/.test(sid) ? sid : "of that name (a sid has 22 letters and digits)";
  output.note(`sessile: there is no live session ${named}.`);
  return EXIT.failed;
}

/** Whose sessions are asked for; `null` for everybody's. */
async function userIdOf(call: Call): Promise<string | null> {
  const [id, name] = [optional(call, "user"), optional(call, "name")];
  if (id !== undefined && name !== undefined) throw new UsageError("Give --user or --name, not both.");
  if (name === undefined) return id ?? null;
  const user = await withUsers(call, false, (file) => new UserStore(file).find(normalizeName(name) ?? ""));
  if (user !== null) return String(user.id);
  throw new UsageError("There is no user of that name. See sessile users list.");
}

function toJson({ sid, userId, createdAt, authenticatedAt, lastSeenAt, expiresAt, device }: SessionInfo): object {
  return {
    sid,
    user_id: userId,
    device,
    created_at: iso(createdAt),
    authenticated_at: authenticatedAt === null ? null : iso(authenticatedAt),
    last_seen_at: iso(lastSeenAt),
    expires_at: iso(expiresAt),
  };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

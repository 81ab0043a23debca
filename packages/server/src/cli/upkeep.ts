// `sessile sweep`, `sessile reindex` and `sessile stats`: removes expired sessions, repairs the lists of users, prints
// figures.

import { existsSync, statSync } from "node:fs";
import type { SessionPage } from "sessile";
import type { StoreStats } from "sessile/store";
import { KeyStore } from "../identity/keys/key-store.ts";
import { UserStore } from "../identity/users/user-store.ts";
import { type Call, type Command, EXIT, type ExitCode, JSON_OPTION, STORE_SETTINGS, wholeNumber } from "./command.ts";
import { about, bytes, count, counted } from "./terminal/words.ts";
import { type Reached, usersPathOf, withExisting, withUsers } from "./with-store.ts";

/** In effect no limit. */
const MOST = 1e12;

export const UPKEEP_COMMANDS: readonly Command[] = [
  {
    name: "sweep",
    summary: "remove expired sessions from the store now",
    options: [{ name: "limit", value: "N", help: "number of sessions at most; default all" }, JSON_OPTION],
    settings: STORE_SETTINGS,
    notes: "A running server sweeps every minute; Redis drops expired sessions itself.",
    examples: ["sessile sweep", "sessile sweep --limit 100000"],
    run: (call) => withExisting(call, (reached) => sweep(call, reached)),
  },
  {
    name: "reindex",
    summary: "restore sessions that are missing in the lists of their users (Redis)",
    options: [JSON_OPTION],
    settings: STORE_SETTINGS,
    notes:
      "For a Redis that was restored from a backup, or lost writes in a failover. Reads every session; safe beside running servers.",
    examples: ["sessile reindex --store redis://127.0.0.1:6379"],
    run: (call) => withExisting(call, (reached) => reindex(call, reached)),
  },
  {
    name: "stats",
    summary: "show figures about the store, the users and the keys",
    options: [
      { name: "count", help: "count the live sessions and their users, which reads every session" },
      JSON_OPTION,
    ],
    settings: [...STORE_SETTINGS, "users"],
    examples: ["sessile stats", "sessile stats --count --json"],
    run: (call) => withExisting(call, (reached) => stats(call, reached)),
  },
];

async function sweep(call: Call, { manager }: Reached): Promise<ExitCode> {
  const removed = await manager.sweep(wholeNumber(call, "limit", MOST, [1, MOST]));
  if (call.output.isJson) call.output.json({ removed });
  else call.output.line(`Removed ${counted(removed, "expired session")}.`);
  return EXIT.done;
}

async function reindex(call: Call, { opened }: Reached): Promise<ExitCode> {
  const entered = (await opened.reindex?.()) ?? 0;
  if (call.output.isJson) call.output.json({ entered });
  else call.output.line(`Entered ${counted(entered, "session")}.`);
  return EXIT.done;
}

async function stats(call: Call, { manager, opened, config }: Reached): Promise<ExitCode> {
  const figures = await manager.stats();
  const { kind, sessions, isEstimate = false } = figures;
  const counts = call.given["count"] === true ? await countLive((page) => manager.listAll(page)) : null;
  const path = config.store.startsWith("sqlite:") ? config.store.slice("sqlite:".length) : null;
  const size = path === null ? null : sizeOf(path);
  const people = await peopleOf(call);
  if (call.output.isJson) {
    call.output.json({
      store: opened.name,
      kind,
      records: sessions,
      is_estimate: isEstimate,
      bytes: size,
      ...counts,
      ...people,
    });
    return EXIT.done;
  }
  call.output.facts([
    ["store", opened.name],
    ["records", recordsIn(figures)],
    ...(size === null ? [] : [["size", bytes(size)] as const]),
    ...(counts === null
      ? []
      : [
          ["live", counted(counts.live, "session")] as const,
          [
            "",
            `${count(counts.anonymous)} anonymous, the others of ${counted(counts.signed_in_users, "user")}`,
          ] as const,
        ]),
    ["users", people.users === null ? "none: demo sign-in, or no file" : count(people.users)],
    ["API keys", people.keys === null ? "none" : count(people.keys)],
  ]);
  return EXIT.done;
}

function recordsIn({ sessions, isEstimate }: StoreStats): string {
  if (sessions === null) return "not counted; --count reads them all";
  const number = isEstimate === true ? `${about(sessions)}, estimated from a sample` : count(sessions);
  return `${number}, expired ones included`;
}

/** A session that a walk shows twice counts once. */
async function countLive(read: (page: { limit: number; after?: string }) => Promise<SessionPage>) {
  const [sids, users] = [new Set<string>(), new Set<string>()];
  let anonymous = 0;
  for (let after: string | null | undefined; after !== null; ) {
    const page: SessionPage = await read({ limit: 1000, ...(after !== undefined && { after }) });
    for (const { sid, userId } of page.sessions) {
      if (!sids.has(sid) && userId === null) anonymous++;
      if (userId !== null) users.add(userId);
      sids.add(sid);
    }
    after = page.next;
  }
  return { live: sids.size, anonymous, signed_in_users: users.size };
}

function sizeOf(path: string): number {
  return [path, `${path}-wal`].reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

async function peopleOf(call: Call): Promise<{ users: number | null; keys: number | null }> {
  const { store, users } = call.settings.all;
  if (users?.text === "" && !store?.text.startsWith("sqlite:")) return { users: null, keys: null };
  if (!existsSync(usersPathOf(call))) return { users: null, keys: null };
  return withUsers(call, false, (file) => ({
    users: new UserStore(file).list().length,
    keys: new KeyStore(file).list().length,
  }));
}

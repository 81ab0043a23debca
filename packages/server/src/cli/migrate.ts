// `sessile migrate`: moves all sessions from one store to another, while the old one is still served.

import { once } from "node:events";
import { resolve } from "node:path";
import { isSessionError } from "sessile";
import type { Environment } from "../config/settings.ts";
import { UsageError } from "../config/usage-error.ts";
import { AS_STORED, type OpenedStore, openStore } from "../store/open-store.ts";
import { type Call, type Command, EXIT, type ExitCode, JSON_OPTION, required } from "./command.ts";
import { abandon, isGood, Migration, type Outcome, type Side } from "./migrate/migration.ts";
import { Stopped } from "./migrate/patience.ts";
import type { Verdict } from "./migrate/verify.ts";
import { Progress } from "./terminal/progress.ts";
import { count, counted } from "./terminal/words.ts";
import { CommandFailed, refuseMemory, requireFile } from "./with-store.ts";

/** Longer than a server's: no client waits for an answer here, and a busy store is not broken. */
const DEADLINE = 10_000;

export const MIGRATE_COMMAND: Command = {
  name: "migrate",
  summary: "move all sessions to another store while servers use the old one",
  options: [
    { name: "from", value: "URL", help: "the store that servers use now: sqlite:PATH, postgres://… or redis://…" },
    { name: "to", value: "URL", help: "an empty store, or that of an interrupted run" },
    { name: "final", help: "when no server uses the old store: copy the rest, compare everything, hand over" },
    { name: "abandon", help: "give up before the end: servers can use the old store again" },
    JSON_OPTION,
  ],
  settings: ["config"],
  notes: `1. Run it while the servers run. It can be interrupted and run again.
2. Stop the servers. Press Enter where it waits on a terminal, or run it again with --final.
3. When it reports that all is well, start the servers with the new --store and the same --users.

Until then no server starts on the new store, and after that none on the old one. It keeps the sid of every session in memory: a
million need 1.5 GB. User and password of a Redis come from SESSILE_REDIS_USERNAME and SESSILE_REDIS_PASSWORD, those of a Postgres
from SESSILE_POSTGRES_USERNAME and SESSILE_POSTGRES_PASSWORD; those of another store in --from come from SESSILE_SOURCE_USERNAME
and SESSILE_SOURCE_PASSWORD.`,
  examples: [
    "sessile migrate --from sqlite:sessile.db --to redis://127.0.0.1:6379/0",
    "sessile migrate --from sqlite:sessile.db --to redis://127.0.0.1:6379/0 --final",
  ],
  run: migrate,
};

async function migrate(call: Call): Promise<ExitCode> {
  const from = absolute(required(call, "from", "the store that is served now"));
  const to = absolute(required(call, "to", "the store that is to be served"));
  if (from === to) throw new UsageError("--from and --to are the same store.");
  for (const store of [from, to]) refuseMemory(store);
  requireFile(from);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    return await withBoth({ from, to }, call.env, (sides) => run(call, sides, stop.signal));
  } catch (error) {
    if (isSessionError(error)) throw new CommandFailed(error.message);
    if (!(error instanceof Stopped)) throw error;
    call.output.note("\nStopped. Run the same again to go on.");
    return EXIT.stopped;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

/** Each store's mark names the other, so a path must mean the same in every directory. */
function absolute(store: string): string {
  return store.startsWith("sqlite:") ? `sqlite:${resolve(store.slice("sqlite:".length))}` : store;
}

interface Sides {
  readonly from: Side;
  readonly to: Side;
}

interface Names {
  readonly from: string;
  readonly to: string;
}

async function withBoth<T>({ from, to }: Names, env: Environment, work: (sides: Sides) => Promise<T>): Promise<T> {
  const opened: OpenedStore[] = [];
  const open = async (store: string, login: Environment): Promise<OpenedStore> => {
    const side = await openStore({ ...AS_STORED, store, deadline: DEADLINE, env: login });
    opened.push(side);
    return side;
  };
  try {
    return await work({ from: await open(from, loginOfSource(env)), to: await open(to, env) });
  } finally {
    for (const { store, close } of opened) await store.close().then(close);
  }
}

/** The source may have a login of its own. */
function loginOfSource(env: Environment): Environment {
  const { SESSILE_SOURCE_USERNAME: username, SESSILE_SOURCE_PASSWORD: password } = env;
  if (username === undefined && password === undefined) return env;
  return {
    ...{ SESSILE_REDIS_USERNAME: username, SESSILE_REDIS_PASSWORD: password },
    ...{ SESSILE_POSTGRES_USERNAME: username, SESSILE_POSTGRES_PASSWORD: password },
  };
}

async function run(call: Call, { from, to }: Sides, signal: AbortSignal): Promise<ExitCode> {
  const { output, given } = call;
  if (given["abandon"] === true) {
    await abandon(from, to);
    output.line(
      `${from.name} may be served again. What is in ${to.name} may not, and is brought up to date by the next migrate.`,
    );
    return EXIT.done;
  }
  const migration = new Migration(from, to, signal, (label, total) => new Progress(output.stderr, label, total));
  await migration.begin();
  if (given["final"] !== true) {
    await migration.copyLive();
    if (!(await confirmed(call, from, signal)))
      return told(call, { from, to }, { passes: migration.passes, verdict: null });
  }
  const verdict = await migration.finish();
  return told(call, { from, to }, { passes: migration.passes, verdict });
}

/** On a terminal the last part can follow at once, which saves a second read of the target. */
async function confirmed({ output }: Call, from: Side, signal: AbortSignal): Promise<boolean> {
  if (output.stdin.isTTY !== true || output.stderr.isTTY !== true || output.isJson) return false;
  output.note(`\nNow stop all servers that use ${from.name}, then press Enter. (Ctrl-C: later, with --final.)`);
  output.stdin.resume();
  try {
    const isOver = once(output.stdin, "end", { signal }).then(() => false);
    return await Promise.race([once(output.stdin, "data", { signal }).then(() => true), isOver]);
  } catch {
    throw new Stopped();
  } finally {
    output.stdin.pause();
  }
}

function told({ output }: Call, { from, to }: Sides, outcome: Outcome): ExitCode {
  const { passes, verdict } = outcome;
  if (output.isJson)
    output.json({
      from: from.name,
      to: to.name,
      finished: verdict !== null && isGood(verdict),
      passes,
      ...toJson(verdict),
    });
  else if (verdict === null)
    output.line(`\nReady. Stop all servers that use ${from.name}, then run the same with --final.`);
  else if (isGood(verdict))
    output.line(
      `\nAll ${counted(verdict.same, "live session")} are in ${to.name}. Start the servers with that --store.`,
    );
  else sayWhatIsWrong(output.note.bind(output), verdict);
  return verdict === null || isGood(verdict) ? EXIT.done : EXIT.failed;
}

function toJson(verdict: Verdict | null): object {
  if (verdict === null) return {};
  const { same, missing, revived, different } = verdict;
  return { same, missing: missing.length, revived: revived.length, different: different.length };
}

function sayWhatIsWrong(note: (text: string) => void, { missing, revived, different }: Verdict): void {
  const groups = { "are missing": missing, "should have ended": revived, "are not the same": different };
  for (const [what, sids] of Object.entries(groups)) {
    if (sids.length > 0) note(`${count(sids.length)} ${what}, such as ${sids.slice(0, 3).join(", ")}`);
  }
  note(
    "Something still writes to one of the stores. Stop all servers that use either, and run this again with --final.",
  );
}

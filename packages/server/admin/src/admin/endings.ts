// The questions before sessions are ended, each with their number.

import type { Ending } from "../../../src/console/api.ts";
import { printable } from "../../../src/http/printable.ts";
import { ask } from "../lib/request.ts";
import { sessions } from "../lib/time.ts";
import type { Question } from "../parts/confirm.tsx";

interface Whose {
  readonly userId: string;
  readonly userName: string | null;
}

const nameOf = ({ userId, userName }: Whose): string => userName ?? `user ${printable(userId)}`;

const NO_UNDO = "This cannot be undone; the user can sign in again.";

type After = (text: string) => void;

export function endOne(sid: string, owner: Whose | null, device: string | null, after: After): Question {
  const who = owner === null ? "a visitor" : nameOf(owner);
  return {
    title: `End this session of ${who}?`,
    text: `1 session${device === null ? "" : `, ${printable(device)},`} ends at once. ${NO_UNDO}`,
    action: "End 1 session",
    run: async () => {
      const { ended } = await ask<{ ended: number }>("POST", "/admin/api/end-session", { sid }).catch(
        (error: unknown) => {
          if ((error as { status?: number }).status === 404) return { ended: 0 };
          throw error;
        },
      );
      after(ended === 1 ? `Ended 1 session of ${who}.` : `The session of ${who} was over already.`);
    },
  };
}

/** `except` is a sid that stays. */
export function endUser(whose: Whose, number: number, except: string | null, after: After): Question {
  const [name, some] = [nameOf(whose), except === null ? "all" : "all other"];
  return {
    title: `End ${some} sessions of ${name}?`,
    text: `${sessions(number)} ${number === 1 ? "ends" : "end"} at once${except === null ? "" : "; the one you look at stays"}. ${NO_UNDO}`,
    action: `End ${sessions(number)}`,
    run: async () => {
      const which = except === null ? { all: true } : { except };
      const { ended } = await ask<{ ended: number }>("POST", "/admin/api/end-user", { userId: whose.userId, ...which });
      after(`Ended ${sessions(ended)} of ${name}.`);
    },
  };
}

/** `number` is `null` where the store does not count. */
export function endEveryone(number: number | null, after: After): Question {
  const all =
    number === null
      ? "All sessions of all users (how many is not known) end"
      : `About ${sessions(number)}, of all users, ${number === 1 ? "ends" : "end"}`;
  return {
    title: "End all sessions of all users?",
    text: `${all}. All users have to sign in again, and there is no undo. Administrators stay signed in here.`,
    action: "End all sessions",
    typed: "end all",
    run: async () => {
      await ask<Ending>("POST", "/admin/api/end-everyone", { everyone: true });
      after(`Ended ${sessions(await untilDone())}.`);
    },
  };
}

async function untilDone(): Promise<number> {
  for (;;) {
    const { isRunning, ended, hasFailed } = await ask<Ending>("GET", "/admin/api/everyone");
    if (hasFailed) throw new Error(`The store failed after ${sessions(ended)} had ended. Do it again.`);
    if (!isRunning) return ended;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

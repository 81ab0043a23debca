// Links to a user and to a session.

import { sessionAddress, userAddress } from "../lib/addresses.ts";
import { UserWords } from "../parts/words.tsx";

export function UserLink({ userId, userName }: { userId: string; userName: string | null }) {
  return (
    <a class="user" href={userAddress(userId)}>
      <UserWords userId={userId} userName={userName} />
    </a>
  );
}

/** The beginning of a sid is enough to tell sessions apart; a session that is over has no page. */
export function SidLink({ sid, isOver = false }: { sid: string; isOver?: boolean }) {
  const text = `${sid.slice(0, 8)}…`;
  if (isOver)
    return (
      <span class="sid" title={sid}>
        {text}
      </span>
    );
  return (
    <a class="sid" href={sessionAddress(sid)} title={sid} aria-label={`Session ${sid.slice(0, 8)}`}>
      {text}
    </a>
  );
}

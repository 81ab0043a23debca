// The list of session events, newest first.

import type { Activity } from "../../../src/console/api.ts";
import { clockTime } from "../lib/time.ts";
import { Empty } from "../parts/states.tsx";
import { Instant } from "../parts/time.tsx";
import { SidLink, UserLink } from "./links.tsx";

const WORDS: Readonly<Record<Activity["kind"], readonly [word: string, tone: string]>> = {
  signedIn: ["Signed in", "good"],
  rotated: ["New token", "plain"],
  signedOut: ["Signed out", "plain"],
  expired: ["Expired", "plain"],
  revoked: ["Ended", "bad"],
  limit: ["Over the limit", "plain"],
  reuse: ["Stolen, ended", "bad"],
  failed: ["Unreadable", "bad"],
};

interface ListProps {
  readonly activity: readonly Activity[];
}

export function ActivityList({ activity }: ListProps) {
  if (activity.length === 0) return <Empty title="Nothing has happened yet." />;
  return (
    <ol class="activity">
      {activity.map(({ id, at, kind, sid, userId, userName }) => (
        <li key={id}>
          <Instant at={at}>{clockTime(at)}</Instant>
          <span class={`tone ${WORDS[kind][1]}`}>{WORDS[kind][0]}</span>
          <SidLink sid={sid} isOver={kind !== "signedIn" && kind !== "rotated"} />
          {userId !== null && <UserLink userId={userId} userName={userName} />}
        </li>
      ))}
    </ol>
  );
}

// All sessions of one user, latest use first. The list follows changes by itself.

import { useRef } from "preact/hooks";
import type { UserSessions } from "../../../src/console/api.ts";
import { useLoad } from "../lib/load.ts";
import { withQuery } from "../lib/request.ts";
import { sessions as sessionsText } from "../lib/time.ts";
import { Empty, Loading } from "../parts/states.tsx";
import { UserWords, Words } from "../parts/words.tsx";
import { useDesk } from "./desk.ts";
import { endUser } from "./endings.ts";
import { SessionTable } from "./session-table.tsx";
import { useChanges } from "./use-changes.ts";

export function UserPage({ userId }: { userId: string }) {
  const desk = useDesk();
  const loaded = useLoad<UserSessions>(withQuery("/admin/api/user", { userId }), desk.onError);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const changes = useChanges((activity) => {
    if (!activity.some((each) => each.userId === userId)) return;
    clearTimeout(timer.current);
    timer.current = setTimeout(loaded.reload, 300);
  });
  const { data } = loaded;
  const number = data?.sessions.length ?? 0;
  const endAll = (): void => {
    if (data === null) return;
    desk.ask(
      endUser(data, number, null, (text) => {
        desk.say(text);
        loaded.reload();
      }),
    );
  };
  return (
    <>
      <div class="title">
        <h1>
          <UserWords userId={userId} userName={data?.userName ?? null} />
        </h1>
        <button type="button" class="danger quiet" onClick={endAll} disabled={number === 0}>
          {number === 1 ? "End 1 session…" : `End all ${sessionsText(number)}…`}
        </button>
      </div>
      <Loading of={loaded} height={400}>
        {({ sessions, isCut }) => (
          <section class="card list" aria-label="Sessions">
            <div class="news">
              <p class="muted small">
                {sessionsText(sessions.length)}
                {sessions.length > 1 ? ", latest use first" : ""}
                {isCut ? "; there are more, and these are the oldest" : ""}
                {data?.userName ? (
                  <>
                    . User id <Words of={userId} />
                  </>
                ) : null}
              </p>
            </div>
            {sessions.length === 0 && <Empty title="Not signed in anywhere.">A sign-in appears here by itself.</Empty>}
            {sessions.length > 0 && (
              <SessionTable
                label="Sessions"
                sessions={sessions}
                ended={changes.ended}
                hasUser={false}
                onEnded={loaded.reload}
              />
            )}
          </section>
        )}
      </Loading>
    </>
  );
}

// The table of sessions: one a row, on a narrow screen one a block.

import type { SessionRow } from "../../../src/console/api.ts";
import { Ago, Until } from "../parts/time.tsx";
import { userText, Words } from "../parts/words.tsx";
import { useDesk } from "./desk.ts";
import { endOne } from "./endings.ts";
import { SidLink, UserLink } from "./links.tsx";

interface TableProps {
  readonly label: string;
  readonly sessions: readonly SessionRow[];
  /** The sids of sessions that ended since they were loaded. */
  readonly ended: ReadonlySet<string>;
  readonly hasUser?: boolean;
  readonly onEnded: () => void;
}

export function SessionTable({ label, sessions, ended, hasUser = true, onEnded }: TableProps) {
  return (
    <table class="sessions" aria-label={label}>
      <thead>
        <tr>
          {hasUser && <Head>User</Head>}
          <Head>Session</Head>
          <Head>Device</Head>
          <Head>Last used</Head>
          <Head>Began</Head>
          <Head>Ends</Head>
          <Head>
            <span class="hidden">Actions</span>
          </Head>
        </tr>
      </thead>
      <tbody>
        {sessions.map((session) => (
          <Row
            key={session.sid}
            session={session}
            isEnded={ended.has(session.sid)}
            hasUser={hasUser}
            onEnded={onEnded}
          />
        ))}
      </tbody>
    </table>
  );
}

function Head({ children }: { children: preact.ComponentChildren }) {
  return <th scope="col">{children}</th>;
}

interface RowProps {
  readonly session: SessionRow;
  readonly isEnded: boolean;
  readonly hasUser: boolean;
  readonly onEnded: () => void;
}

function Row({ session, isEnded, hasUser, onEnded }: RowProps) {
  const { sid, userId, userName, device, createdAt, lastSeenAt, expiresAt } = session;
  const desk = useDesk();
  const owner = userId === null ? null : { userId, userName };
  const end = (): void =>
    desk.ask(
      endOne(sid, owner, device, (text) => {
        desk.say(text);
        onEnded();
      }),
    );
  return (
    <tr class={isEnded ? "is-over" : undefined}>
      {hasUser && (
        <td class="c-user">
          {userId === null ? <span class="muted">visitor</span> : <UserLink userId={userId} userName={userName} />}
        </td>
      )}
      <td class="c-sid">
        <SidLink sid={sid} isOver={isEnded} />
      </td>
      <td class="c-device">{device === null ? <span class="muted">unknown</span> : <Words of={device} />}</td>
      <td class="c-used" data-label="Used">
        <Ago at={lastSeenAt} />
      </td>
      <td class="c-began" data-label="Began">
        <Ago at={createdAt} />
      </td>
      <td class="c-ends" data-label="Ends">
        {isEnded ? "" : <Until at={expiresAt} />}
      </td>
      <td class="c-act">
        {isEnded ? (
          <span class="tone bad">Ended</span>
        ) : (
          <button
            type="button"
            class="end"
            onClick={end}
            aria-label={`End session ${sid.slice(0, 8)} of ${owner === null ? "a visitor" : userText(owner)}`}
          >
            End
          </button>
        )}
      </td>
    </tr>
  );
}

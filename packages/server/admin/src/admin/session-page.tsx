// One session: its user, its deadlines, its events, and on demand the application's data.

import { useState } from "preact/hooks";
import type { SessionView } from "../../../src/console/api.ts";
import { printableJson } from "../../../src/http/printable.ts";
import { userAddress } from "../lib/addresses.ts";
import { useLoad } from "../lib/load.ts";
import { ask, withQuery } from "../lib/request.ts";
import { go } from "../lib/router.ts";
import { duration, fullTime, useNow } from "../lib/time.ts";
import { Empty, Loading } from "../parts/states.tsx";
import { Ago, Until } from "../parts/time.tsx";
import { UserWords, Words } from "../parts/words.tsx";
import { useDesk } from "./desk.ts";
import { endOne, endUser } from "./endings.ts";
import { UserLink } from "./links.tsx";
import { useChanges } from "./use-changes.ts";

export function SessionPage({ sid }: { sid: string }) {
  const desk = useDesk();
  const loaded = useLoad<SessionView>(withQuery("/admin/api/session", { sid }), desk.onError);
  const { ended } = useChanges();
  const isOver = ended.has(sid) || (loaded.error as { status?: number } | null)?.status === 404;
  if (isOver && loaded.data === null) return <Over sid={sid} />;
  return (
    <Loading of={loaded} height={700}>
      {(session) => <Content session={session} isOver={isOver} onChanged={loaded.reload} />}
    </Loading>
  );
}

function Over({ sid }: { sid: string }) {
  return (
    <>
      <div class="title">
        <h1>Session {sid.slice(0, 8)}…</h1>
      </div>
      <section class="card">
        <Empty title="There is no such session.">
          It has ended, or never existed. The data of ended sessions is not kept.
        </Empty>
      </section>
    </>
  );
}

interface ContentProps {
  readonly session: SessionView;
  readonly isOver: boolean;
  readonly onChanged: () => void;
}

function Content({ session, isOver, onChanged }: ContentProps) {
  const { sid, userId, userName, device } = session;
  return (
    <>
      <div class="title">
        <div>
          <h1>
            {userId === null ? (
              "A visitor's session"
            ) : (
              <>
                <UserWords userId={userId} userName={userName} />
                {device !== null && (
                  <>
                    , <Words of={device} />
                  </>
                )}
              </>
            )}
          </h1>
          <p class="muted small">
            Session <code>{sid}</code>
            {userId !== null && (
              <>
                {" · all sessions of "}
                <UserLink userId={userId} userName={userName} />
              </>
            )}
          </p>
        </div>
        {isOver ? <p class="tone bad big">Ended</p> : <Actions session={session} onChanged={onChanged} />}
      </div>
      <div class="session">
        <Deadlines session={session} isOver={isOver} />
        <Facts session={session} />
        <Data session={session} isOver={isOver} />
      </div>
    </>
  );
}

function Actions({ session, onChanged }: Omit<ContentProps, "isOver">) {
  const { sid, userId, userName, device, ofUser } = session;
  const desk = useDesk();
  const owner = userId === null ? null : { userId, userName };
  const after = (next: () => void) => (text: string) => {
    desk.say(text);
    next();
  };
  const leave = (): void => go(userId === null ? "/admin/sessions" : userAddress(userId));
  return (
    <div class="buttons">
      {owner !== null && ofUser > 1 && (
        <>
          <button
            type="button"
            class="danger quiet"
            onClick={() => desk.ask(endUser(owner, ofUser, null, after(leave)))}
          >
            End all {ofUser}…
          </button>
          <button
            type="button"
            class="danger quiet"
            onClick={() => desk.ask(endUser(owner, ofUser - 1, sid, after(onChanged)))}
          >
            End the {ofUser - 1} other{ofUser === 2 ? "" : "s"}…
          </button>
        </>
      )}
      <button type="button" class="danger" onClick={() => desk.ask(endOne(sid, owner, device, after(leave)))}>
        End this session…
      </button>
    </div>
  );
}

function Deadlines({ session, isOver }: { session: SessionView; isOver: boolean }) {
  const { createdAt, lastSeenAt, absoluteExpiresAt, idleTimeout } = session;
  const idleAt = lastSeenAt + idleTimeout;
  const first = isOver
    ? null
    : idleAt === absoluteExpiresAt
      ? "both"
      : idleAt < absoluteExpiresAt
        ? "idle"
        : "absolute";
  return (
    <section class="card">
      <h2>Time left</h2>
      <Deadline
        name="Without use"
        from={lastSeenAt}
        to={idleAt}
        isNext={first === "idle" || first === "both"}
        note={first === "idle" ? "ends first" : ""}
      />
      <Deadline
        name="In any case"
        from={createdAt}
        to={absoluteExpiresAt}
        isNext={first === "absolute" || first === "both"}
        note={first === "absolute" ? "ends first" : first === "both" ? "at the same time" : ""}
      />
    </section>
  );
}

interface DeadlineProps {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Whether this deadline comes first. */
  readonly isNext: boolean;
  readonly note: string;
}

/** A bar that fills from `from` on and is full at `to`. */
function Deadline({ name, from, to, isNext, note }: DeadlineProps) {
  const at = useNow(1000);
  const share = Math.min(1, Math.max(0, (at - from) / Math.max(1, to - from)));
  const left = duration(to - at);
  return (
    <div class={isNext ? "deadline is-next" : "deadline"}>
      <p>
        <span>{name}</span>
        <span>
          {share < 1 ? `${left} of ${duration(to - from)} left` : "reached"}
          {note !== "" && share < 1 && <span class="tone plain">{note}</span>}
        </span>
      </p>
      <div class="bar" aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}

function Facts({ session }: { session: SessionView }) {
  const { device, createdAt, authenticatedAt, rotatedAt, lastSeenAt, expiresAt, persistent, version } = session;
  return (
    <section class="card">
      <h2>Times</h2>
      <dl class="facts">
        <dt>Device</dt>
        <dd>{device === null ? <span class="muted">unknown</span> : <Words of={device} />}</dd>
        <dt>Began</dt>
        <dd>
          <Ago at={createdAt} /> <span class="muted">{fullTime(createdAt)}</span>
        </dd>
        <dt>Password given</dt>
        <dd>{authenticatedAt === null ? <span class="muted">never</span> : <Ago at={authenticatedAt} />}</dd>
        <dt>Token made</dt>
        <dd>
          <Ago at={rotatedAt} /> <span class="muted">{rotatedAt === createdAt ? "the first one" : "a new one"}</span>
        </dd>
        <dt>Last used</dt>
        <dd>
          <Ago at={lastSeenAt} />
        </dd>
        <dt>Ends</dt>
        <dd>
          <Until at={expiresAt} /> <span class="muted">{fullTime(expiresAt)}</span>
        </dd>
        <dt>Cookie</dt>
        <dd>{persistent ? "stays when the browser is closed" : "goes when the browser is closed"}</dd>
        <dt>Changes</dt>
        <dd>{version}</dd>
      </dl>
    </section>
  );
}

type Values = Readonly<Record<string, unknown>>;

function Data({ session: { sid, keys }, isOver }: { session: SessionView; isOver: boolean }) {
  const desk = useDesk();
  const [values, setValues] = useState<Values | null>(null);
  const load = async (): Promise<void> => {
    setValues((await ask<{ data: Values }>("POST", "/admin/api/show-data", { sid })).data);
  };
  const show = (): void =>
    desk.ask({
      title: "Show the data of this session?",
      text: `The values of ${keys.length === 1 ? "1 key" : `${keys.length} keys`} may be private. The audit will say that you looked, with your name.`,
      action: "Show the values",
      isDangerous: false,
      run: load,
    });
  return (
    <section class="card">
      <h2>Data</h2>
      {keys.length === 0 && <Empty title="The application keeps nothing in it." />}
      {keys.length > 0 && (
        <table class="data">
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Type</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {keys.map(({ name, type, size }) => (
              <tr key={name}>
                <th scope="row">
                  <Words of={name} />
                </th>
                <td>{type}</td>
                <td>
                  {values === null ? (
                    <span class="muted">hidden, {size} characters</span>
                  ) : (
                    <code>
                      <bdi>{printableJson(JSON.stringify(values[name]))}</bdi>
                    </code>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {keys.length > 0 && !isOver && (
        <div class="buttons">
          {values === null ? (
            <button type="button" onClick={show}>
              Show the values…
            </button>
          ) : (
            <button type="button" onClick={() => setValues(null)}>
              Hide the values
            </button>
          )}
        </div>
      )}
    </section>
  );
}

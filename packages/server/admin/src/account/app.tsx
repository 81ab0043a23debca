// The users' own page: the list of their sign-ins, the end of others, and a new password.

import { useState } from "preact/hooks";
import { printable } from "../../../src/http/printable.ts";
import type { Person } from "../../../src/identity/sign-in/person.ts";
import { leave } from "../lib/leave.ts";
import { useLoad } from "../lib/load.ts";
import { ask, isSignedOut } from "../lib/request.ts";
import { sessions as sessionsText } from "../lib/time.ts";
import { useWho } from "../lib/who.ts";
import { Confirm, type Question } from "../parts/confirm.tsx";
import { Mark } from "../parts/mark.tsx";
import { SignIn } from "../parts/sign-in.tsx";
import { Loading, Trouble } from "../parts/states.tsx";
import { Ago, Until } from "../parts/time.tsx";
import { Words } from "../parts/words.tsx";
import { PasswordCard } from "./password-card.tsx";

const API = "/account/api";

/** A session as `GET /me/sessions` returns it. */
interface OwnSession {
  readonly sid: string;
  readonly device: string | null;
  readonly created_at: string;
  readonly last_seen_at: string;
  readonly expires_at: string;
  readonly current: boolean;
}

interface OwnSessions {
  readonly sessions: readonly OwnSession[];
  readonly next: string | null;
}

/** The sessions to end. */
type Which = { readonly sid: string } | { readonly others: true };

export function App() {
  const { who, keepFor, error, arrive, leave: onSignedOut, look } = useWho(API);
  if (who === undefined) return error === null ? null : <Trouble error={error} hasData={false} />;
  if (who === null)
    return (
      <SignIn
        title="Your account"
        text="Sign in to see where you are signed in."
        api={API}
        keepFor={keepFor}
        onDone={arrive}
      />
    );
  return <SignedIn person={who} onPerson={arrive} onSignedOut={onSignedOut} look={look} />;
}

interface SignedInProps {
  readonly person: Person;
  readonly onPerson: (person: Person) => void;
  readonly onSignedOut: () => void;
  readonly look: () => void;
}

function SignedIn({ person, onPerson, onSignedOut, look }: SignedInProps) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [said, setSaid] = useState("");
  const loaded = useLoad<OwnSessions>(`${API}/me/sessions?limit=100`, (error) => {
    if (isSignedOut(error)) onSignedOut();
  });
  const signOut = (): void => {
    void ask("POST", `${API}/sign-out`).then(leave, (error: Error) => setSaid(error.message));
  };
  const askToEnd = (title: string, text: string, action: string, which: Which): void =>
    setQuestion({
      title,
      text,
      action,
      run: async () => {
        const { ended } = await ask<{ ended: number }>("POST", `${API}/me/sessions/end`, which);
        setSaid(`Signed out of ${sessionsText(ended)}.`);
        loaded.reload();
      },
    });
  return (
    <>
      <header class="head">
        <span class="home">
          <Mark /> <span>Your account</span>
        </span>
        <div class="who">
          <span class="muted">{person.name}</span>
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main" class="account">
        <div class="title">
          <div>
            <h1>Where you are signed in</h1>
            <p class="muted">Sign out what you do not recognise, and then set a new password below.</p>
          </div>
        </div>
        <Loading of={loaded} height={300}>
          {({ sessions, next }) => <Sessions sessions={sessions} isMore={next !== null} ask={askToEnd} />}
        </Loading>
        <PasswordCard
          name={person.name}
          onChanged={() => {
            setSaid("Your new password is set. You are signed out everywhere else.");
            look();
            loaded.reload();
          }}
          onSignedOut={onSignedOut}
        />
        <p class="said" role="status">
          {said}
        </p>
      </main>
      {question && (
        <Confirm
          key={question}
          {...question}
          api={API}
          person={person}
          onPerson={(fresh) => {
            onPerson(fresh);
            loaded.reload();
          }}
          onClose={() => setQuestion((asked) => (asked === question ? null : asked))}
        />
      )}
    </>
  );
}

interface SessionsProps {
  readonly sessions: readonly OwnSession[];
  readonly isMore: boolean;
  readonly ask: (title: string, text: string, action: string, which: Which) => void;
}

function Sessions({ sessions, isMore, ask: askToEnd }: SessionsProps) {
  const sorted = sessions.toSorted(
    (a, b) => Number(b.current) - Number(a.current) || b.last_seen_at.localeCompare(a.last_seen_at),
  );
  const others = sessions.filter(({ current }) => !current).length;
  const text = isMore ? "all other sessions" : sessionsText(others);
  return (
    <>
      <ul class="own">
        {sorted.map((session) => (
          <OwnCard
            key={session.sid}
            session={session}
            onEnd={() =>
              askToEnd(`Sign out ${nameOf(session)}?`, "1 session ends at once.", "Sign out 1 session", {
                sid: session.sid,
              })
            }
          />
        ))}
      </ul>
      {others > 0 && (
        <div class="buttons">
          <button
            type="button"
            class="danger"
            onClick={() =>
              askToEnd("Sign out everywhere else?", `This ends ${text}; this one stays.`, `Sign out ${text}`, {
                others: true,
              })
            }
          >
            Sign out everywhere else ({isMore ? "more than 100" : others})…
          </button>
        </div>
      )}
    </>
  );
}

const nameOf = ({ device }: OwnSession): string => (device === null ? "an unknown device" : printable(device));

function OwnCard({ session, onEnd }: { session: OwnSession; onEnd: () => void }) {
  const { device, created_at, last_seen_at, expires_at, current } = session;
  return (
    <li class={current ? "card is-current" : "card"}>
      <div>
        <h2>
          {device === null ? "Unknown device" : <Words of={device} />}{" "}
          {current && <span class="tone good">this device</span>}
        </h2>
        <p class="muted">
          Last used <Ago at={Date.parse(last_seen_at)} />, signed in <Ago at={Date.parse(created_at)} />. Ends{" "}
          <Until at={Date.parse(expires_at)} />.
        </p>
      </div>
      {!current && (
        <button type="button" class="end" onClick={onEnd} aria-label={`Sign out ${nameOf(session)}`}>
          Sign out
        </button>
      )}
    </li>
  );
}

// The frame of the admin page: the signed-in user, the present part, and one question at a time.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Person } from "../../../src/identity/sign-in/person.ts";
import { leave } from "../lib/leave.ts";
import { Live, useStream } from "../lib/live.ts";
import { ask, isSignedOut } from "../lib/request.ts";
import { type Address, useAddress } from "../lib/router.ts";
import { useWho } from "../lib/who.ts";
import { Confirm, type Question } from "../parts/confirm.tsx";
import { SignIn } from "../parts/sign-in.tsx";
import { Trouble } from "../parts/states.tsx";
import { AuditPage } from "./audit-page.tsx";
import { Desk, type DeskTools } from "./desk.ts";
import { Header } from "./header.tsx";
import { OverviewPage } from "./overview-page.tsx";
import { SessionPage } from "./session-page.tsx";
import { SessionsPage } from "./sessions-page.tsx";
import { UserPage } from "./user-page.tsx";

const API = "/admin/api";

export function App() {
  const { who, error, arrive, leave: onSignedOut, look } = useWho(API);
  if (who === undefined) return error === null ? null : <Trouble error={error} hasData={false} />;
  if (who === null)
    return <SignIn title="Sessile admin" text="For administrators of this server." api={API} onDone={arrive} />;
  return <SignedIn person={who} onPerson={arrive} onSignedOut={onSignedOut} onLost={look} />;
}

interface SignedInProps {
  readonly person: Person;
  readonly onPerson: (person: Person) => void;
  readonly onSignedOut: () => void;
  readonly onLost: () => void;
}

function SignedIn({ person, onPerson, onSignedOut, onLost }: SignedInProps) {
  const address = useAddress();
  const live = useStream(onLost);
  const [question, setQuestion] = useState<Question | null>(null);
  const [said, setSaid] = useState("");
  const tools: DeskTools = useMemo(
    () => ({
      ask: setQuestion,
      say: (text) => {
        setSaid(text);
        setTimeout(() => setSaid((now) => (now === text ? "" : now)), 8000);
      },
      onError: (error) => {
        if (isSignedOut(error)) onSignedOut();
      },
    }),
    [onSignedOut],
  );
  const signOut = (): void => {
    void ask("POST", `${API}/sign-out`).then(leave, (error: Error) => {
      tools.onError(error);
      tools.say(error.message);
    });
  };
  return (
    <Live.Provider value={live}>
      <Desk.Provider value={tools}>
        <Header name={person.name} path={address.path} onSignOut={signOut} />
        <Main address={address} />
        <p class="said" role="status">
          {said}
        </p>
        {question && (
          <Confirm
            key={question}
            {...question}
            api={API}
            person={person}
            onPerson={onPerson}
            onClose={() => setQuestion((asked) => (asked === question ? null : asked))}
          />
        )}
      </Desk.Provider>
    </Live.Provider>
  );
}

/** With every new part the focus moves to its heading, as it would after a page load. */
function Main({ address }: { address: Address }) {
  const { path, query } = address;
  const place = [path, query.get("sid"), query.get("id")].join();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${main.current?.querySelector("h1")?.textContent ?? "Admin"} · Sessile`;
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [place]);
  return (
    <main id="main" ref={main} tabIndex={-1}>
      <Page {...address} />
    </main>
  );
}

function Page({ path, query }: Address) {
  const [sid, userId] = [query.get("sid"), query.get("id")];
  if (path === "/admin/session" && sid) return <SessionPage key={sid} sid={sid} />;
  if (path === "/admin/user" && userId) return <UserPage key={userId} userId={userId} />;
  if (path === "/admin/sessions") return <SessionsPage query={query} />;
  if (path === "/admin/audit") return <AuditPage />;
  return <OverviewPage />;
}

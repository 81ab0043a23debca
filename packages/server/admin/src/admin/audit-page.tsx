// The actions of administrators, newest first.

import { useState } from "preact/hooks";
import type { AuditAction, AuditEntry, AuditOutcome, AuditPage as Page } from "../../../src/console/api.ts";
import { useLoad } from "../lib/load.ts";
import { withQuery } from "../lib/request.ts";
import { count } from "../lib/time.ts";
import { Empty, Loading } from "../parts/states.tsx";
import { Ago } from "../parts/time.tsx";
import { Words } from "../parts/words.tsx";
import { useDesk } from "./desk.ts";

const ACTIONS: Readonly<Record<AuditAction, string>> = {
  signIn: "Signed in",
  signOut: "Signed out",
  confirm: "Gave the password again",
  showData: "Looked at the data of session",
  endSession: "Ended session",
  endOthers: "Ended the other sessions of",
  endUser: "Ended all sessions of",
  endEveryone: "Ended all sessions of all users",
  grant: "Made an administrator of",
  withdraw: "Took the right of an administrator from",
  addUser: "Added the user",
  setPassword: "Set a new password for",
  disable: "Disabled",
  enable: "Enabled",
  remove: "Removed",
  addKey: "Made the API key",
  rotateKey: "Gave a new secret to the API key",
  revokeKey: "Revoked the API key",
};

const OUTCOMES: Readonly<Record<AuditOutcome, readonly [word: string, tone: string]>> = {
  done: ["done", "plain"],
  refused: ["refused", "bad"],
  failed: ["failed", "bad"],
  begun: ["not finished", "bad"],
};

export function AuditPage() {
  const { onError } = useDesk();
  const [before, setBefore] = useState<number | null>(null);
  const loaded = useLoad<Page>(withQuery("/admin/api/audit", { before: before?.toString() }), onError);
  return (
    <>
      <div class="title">
        <h1>Audit</h1>
      </div>
      <Loading of={loaded} height={500}>
        {({ entries, next }) => (
          <section class="card list" aria-label="Audit">
            <div class="news">
              <p class="muted small">
                Newest first: the last 10,000 acts, and the last 100 sign-ins and refusals of each user. The server's
                log has more.
              </p>
            </div>
            {entries.length === 0 ? <Empty title="Nothing has been done yet." /> : <Entries entries={entries} />}
            <nav class="pages" aria-label="Pages of the audit">
              {before !== null && (
                <button type="button" class="link" onClick={() => setBefore(null)}>
                  Newest
                </button>
              )}
              {next !== null && (
                <button type="button" class="link next" onClick={() => setBefore(next)}>
                  Older
                </button>
              )}
            </nav>
          </section>
        )}
      </Loading>
    </>
  );
}

function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <ol class="audit">
      {entries.map(({ id, at, actor, action, target, outcome, ended }) => (
        <li key={id}>
          <Ago at={at} />
          <b>{actor}</b>
          <span class="grow">
            {ACTIONS[action]}{" "}
            {target !== "" && (
              <code>
                <Words of={target} />
              </code>
            )}
            {ended !== null && <span class="muted"> · {count(ended)} ended</span>}
          </span>
          <span class={`tone ${OUTCOMES[outcome][1]}`}>{OUTCOMES[outcome][0]}</span>
        </li>
      ))}
    </ol>
  );
}

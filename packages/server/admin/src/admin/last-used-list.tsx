// The sessions used last, of all that suit. The server has to look at all of them for it, and says how far it is.

import { useEffect } from "preact/hooks";
import type { LastUsedRows } from "../../../src/admin/api.ts";
import { useLoad } from "../lib/load.ts";
import { ask, withQuery } from "../lib/request.ts";
import { count, roughly, sessions as sessionsText } from "../lib/time.ts";
import { Empty, Loading } from "../parts/states.tsx";
import { Ago } from "../parts/time.tsx";
import { useDesk } from "./desk.ts";
import { Pages } from "./pages.tsx";
import { SessionTable } from "./session-table.tsx";
import { type ListProps, NoSessions } from "./store-list.tsx";

const PAGE = 50;
const API = "/admin/api/last-used";

export function LastUsedList({ given, isFiltered, page, changes, urlOf }: ListProps) {
  const desk = useDesk();
  const after = (page - 1) * PAGE;
  const loaded = useLoad<LastUsedRows>(withQuery(API, { ...given, after: `${after}`, limit: `${PAGE}` }), desk.onError);
  const { data, reload } = loaded;
  useEffect(() => {
    const timer = data?.looking === null || data === null ? undefined : setTimeout(reload, 300);
    return () => clearTimeout(timer);
  }, [data, reload]);
  const lookAgain = (): void => {
    changes.clear();
    ask("GET", withQuery(API, { ...given, again: "true", limit: "1" })).then(reload, desk.onError);
  };
  const urlOfPage = (number: number): string => urlOf(number === 1 ? {} : { page: String(number) });
  return (
    <Loading of={loaded} height={640}>
      {(rows) => (
        <section class="card list" aria-label="Sessions">
          <div class="news">
            <p class="muted small">
              <Summary {...{ rows, page, isFiltered }} />
            </p>
            {rows.looking === null ? (
              <button type="button" class="link" onClick={lookAgain}>
                Look again
              </button>
            ) : (
              <Looking looking={rows.looking} total={rows.total} />
            )}
          </div>
          {rows.sessions.length > 0 && (
            <SessionTable label="Sessions" sessions={rows.sessions} ended={changes.ended} onEnded={reload} />
          )}
          {rows.at !== null && rows.ranked === 0 && <NoSessions isFiltered={isFiltered} />}
          {rows.ranked > 0 && rows.sessions.length === 0 && <Empty title="All of these have ended meanwhile." />}
          <Pages
            first={page > 1 ? urlOfPage(1) : null}
            previous={page > 1 ? urlOfPage(page - 1) : null}
            next={rows.next === null ? null : urlOfPage(page + 1)}
          />
        </section>
      )}
    </Loading>
  );
}

interface SummaryProps {
  readonly rows: LastUsedRows;
  readonly page: number;
  readonly isFiltered: boolean;
}

function Summary({ rows: { at, examined, ranked, isCut, sessions }, page, isFiltered }: SummaryProps) {
  if (at === null) return <>Looking for those used last, in the whole store.</>;
  const all = `All ${count(ranked)}${isFiltered ? ` that suit, of ${count(examined)}` : ""}`;
  return (
    <>
      Page {count(page)}, {sessionsText(sessions.length)}.{" "}
      {isCut ? `The ${count(ranked)} used last of ${count(examined)}` : all}, latest use first. Looked <Ago at={at} />.
    </>
  );
}

function Looking({ looking, total }: { looking: number; total: number | null }) {
  return (
    <p class="looking small">
      {total !== null && <progress aria-label="Sessions looked at" value={Math.min(looking, total)} max={total} />}
      Looked at {count(looking)}
      {total !== null && ` of about ${count(roughly(total))}`}
    </p>
  );
}

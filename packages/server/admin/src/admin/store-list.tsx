// Sessions in the order of the store, page by page through all of them.

import type { SessionRows } from "../../../src/console/api.ts";
import { useLoad } from "../lib/load.ts";
import { withQuery } from "../lib/request.ts";
import { count, sessions as sessionsText } from "../lib/time.ts";
import { Empty, Loading } from "../parts/states.tsx";
import { useDesk } from "./desk.ts";
import { Pages } from "./pages.tsx";
import { SessionTable } from "./session-table.tsx";
import type { Changes } from "./use-changes.ts";

export interface ListProps {
  /** The present filters. */
  readonly given: Readonly<Record<string, string | null>>;
  readonly isFiltered: boolean;
  readonly after: string | null;
  /** From 1. */
  readonly page: number;
  readonly changes: Changes;
  /** The address of this list with other filters, or of another page of it. */
  readonly urlOf: (more: Record<string, string | null>) => string;
}

/** The cursor before each one that this tab has used: a store only walks forward. */
const before = new Map<string, string | null>();

export function StoreList({ given, isFiltered, after, page, changes, urlOf }: ListProps) {
  const desk = useDesk();
  const loaded = useLoad<SessionRows>(withQuery("/admin/api/sessions", { ...given, after, limit: "50" }), desk.onError);
  const reload = (): void => {
    changes.clear();
    loaded.reload();
  };
  const urlOfPage = (cursor: string | null, number: number): string =>
    urlOf(number === 1 ? {} : { after: cursor, page: String(number) });
  return (
    <Loading of={loaded} height={640}>
      {({ sessions, next, examined }) => {
        if (next !== null) before.set(next, after);
        const cursor = after === null ? undefined : before.get(after);
        return (
          <section class={loaded.isLoading ? "card list is-loading" : "card list"} aria-label="Sessions">
            <div class="news">
              <p class="muted small">
                Page {count(page)}, {sessionsText(sessions.length)}: latest use first within the page, pages in the
                order of the store.
              </p>
              <button type="button" class="link" onClick={reload} hidden={changes.began === 0}>
                {changes.began === 1 ? "1 session began" : `${count(changes.began)} sessions began`} meanwhile. Show
              </button>
            </div>
            {sessions.length > 0 && (
              <SessionTable label="Sessions" sessions={sessions} ended={changes.ended} onEnded={reload} />
            )}
            {sessions.length === 0 && <Nothing next={next} examined={examined} isFiltered={isFiltered} />}
            <Pages
              first={page > 1 ? urlOfPage(null, 1) : null}
              previous={cursor === undefined ? null : urlOfPage(cursor, page - 1)}
              next={next === null ? null : urlOfPage(next, page + 1)}
            />
          </section>
        );
      }}
    </Loading>
  );
}

function Nothing({ next, examined, isFiltered }: { next: string | null; examined: number; isFiltered: boolean }) {
  if (next !== null)
    return <Empty title={`None among the ${count(examined)} sessions looked at.`}>The next page looks at more.</Empty>;
  return <NoSessions isFiltered={isFiltered} />;
}

export function NoSessions({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No session matches.">Try fewer filters.</Empty>;
  return <Empty title="There are no sessions.">Each sign-in appears here at once.</Empty>;
}

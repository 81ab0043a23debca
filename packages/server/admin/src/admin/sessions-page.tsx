// All sessions, filtered, a page at a time.

import type { Overview, SessionRows } from "../../../src/admin/api.ts";
import { useLoad } from "../lib/load.ts";
import { ask, withQuery } from "../lib/request.ts";
import { go } from "../lib/router.ts";
import { count, roughly, sessions as sessionsText } from "../lib/time.ts";
import { Empty, Loading } from "../parts/states.tsx";
import { useDesk } from "./desk.ts";
import { endEveryone } from "./endings.ts";
import { SessionTable } from "./session-table.tsx";
import { useChanges } from "./use-changes.ts";

const FILTERS = ["used", "kind", "device"] as const;

export function SessionsPage({ query }: { query: URLSearchParams }) {
  const desk = useDesk();
  const changes = useChanges();
  const given = Object.fromEntries([...FILTERS, "after"].map((name) => [name, query.get(name)]));
  const loaded = useLoad<SessionRows>(withQuery("/admin/api/sessions", { ...given, limit: "50" }), desk.onError);
  const reload = (): void => {
    changes.clear();
    loaded.reload();
  };
  const endAll = async (): Promise<void> => {
    const overview = await ask<Overview>("GET", "/admin/api/overview").catch(desk.onError);
    desk.ask(
      endEveryone(overview ? liveIn(overview) : null, (text) => {
        desk.say(text);
        reload();
      }),
    );
  };
  const page = Number(query.get("page") ?? 1);
  const url = (more: Record<string, string | null>): string =>
    withQuery("/admin/sessions", { ...given, after: null, ...more });
  return (
    <>
      <div class="title">
        <h1>Sessions</h1>
        <button type="button" class="danger quiet" onClick={() => void endAll()}>
          End all sessions…
        </button>
      </div>
      <Filters query={query} onChange={(name, value) => go(url({ [name]: value }))} />
      <Loading of={loaded} height={640}>
        {({ sessions, next, examined }) => (
          <section class={loaded.isLoading ? "card list is-loading" : "card list"} aria-label="Sessions">
            <div class="news">
              <p class="muted small">
                Page {count(page)}, {sessionsText(sessions.length)}. Latest use first within the page; the pages come in
                the order of the store.
              </p>
              <button type="button" class="link" onClick={reload} hidden={changes.began === 0}>
                {changes.began === 1 ? "1 session began" : `${count(changes.began)} sessions began`} meanwhile. Show
              </button>
            </div>
            {sessions.length > 0 && (
              <SessionTable label="Sessions" sessions={sessions} ended={changes.ended} onEnded={reload} />
            )}
            {sessions.length === 0 && (
              <Nothing next={next} examined={examined} isFiltered={FILTERS.some((name) => query.get(name))} />
            )}
            <nav class="pages" aria-label="Pages of sessions">
              {page > 1 && <a href={url({})}>First page</a>}
              {next !== null && (
                <a class="next" rel="next" href={url({ after: next, page: String(page + 1) })}>
                  Next page
                </a>
              )}
            </nav>
          </section>
        )}
      </Loading>
    </>
  );
}

function Nothing({ next, examined, isFiltered }: { next: string | null; examined: number; isFiltered: boolean }) {
  if (next !== null)
    return <Empty title={`None among the ${count(examined)} sessions looked at.`}>The next page looks at more.</Empty>;
  if (isFiltered) return <Empty title="No session suits.">Try with fewer conditions.</Empty>;
  return <Empty title="There are no sessions.">As soon as somebody signs in, the session is here.</Empty>;
}

const USED = [
  ["", "at any time"],
  ["<5", "within 5 minutes"],
  ["<60", "within an hour"],
  [">10", "not for 10 minutes"],
  [">60", "not for an hour"],
] as const;

const KINDS = [
  ["", "everybody"],
  ["users", "users"],
  ["anonymous", "visitors"],
] as const;

interface FiltersProps {
  readonly query: URLSearchParams;
  readonly onChange: (name: (typeof FILTERS)[number], value: string) => void;
}

function Filters({ query, onChange }: FiltersProps) {
  const change = (name: (typeof FILTERS)[number]) => (event: Event) =>
    onChange(name, (event.currentTarget as HTMLInputElement).value.trim());
  return (
    <form class="filters" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
      <label>
        Used
        <select value={query.get("used") ?? ""} onChange={change("used")}>
          {USED.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        By
        <select value={query.get("kind") ?? ""} onChange={change("kind")}>
          {KINDS.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label>
        Device
        <input
          type="text"
          maxLength={100}
          placeholder="any, such as Firefox"
          value={query.get("device") ?? ""}
          onChange={change("device")}
        />
      </label>
    </form>
  );
}

/** As it is to be told to people; `null` when it is not known. */
function liveIn({ isCounted, isEstimate, history }: Overview): number | null {
  const counted = isCounted ? (history.findLast(({ live }) => live !== null)?.live ?? null) : null;
  return counted !== null && isEstimate ? roughly(counted) : counted;
}

// All sessions, filtered.

import { useState } from "preact/hooks";
import type { Overview } from "../../../src/console/api.ts";
import { ask, withQuery } from "../lib/request.ts";
import { go } from "../lib/router.ts";
import { roughly } from "../lib/time.ts";
import { useDesk } from "./desk.ts";
import { endEveryone } from "./endings.ts";
import { type ListProps, StoreList } from "./store-list.tsx";
import { useChanges } from "./use-changes.ts";

const FILTERS = ["used", "kind", "device"] as const;
type Choice = (typeof FILTERS)[number];

export function SessionsPage({ query }: { query: URLSearchParams }) {
  const desk = useDesk();
  const changes = useChanges();
  const [round, setRound] = useState(0);
  const given = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)]));
  const endAll = async (): Promise<void> => {
    const overview = await ask<Overview>("GET", "/admin/api/overview").catch(desk.onError);
    desk.ask(
      endEveryone(overview ? liveIn(overview) : null, (text) => {
        desk.say(text);
        changes.clear();
        setRound(round + 1);
      }),
    );
  };
  const list: ListProps = {
    ...{ given, changes },
    isFiltered: FILTERS.some((name) => query.get(name)),
    after: query.get("after"),
    page: Number(query.get("page") ?? 1),
    urlOf: (more) => withQuery("/admin/sessions", { ...given, ...more }),
  };
  return (
    <>
      <div class="title">
        <h1>Sessions</h1>
        <button type="button" class="danger quiet" onClick={() => void endAll()}>
          End all sessions…
        </button>
      </div>
      <Filters query={query} onChange={(name, value) => go(list.urlOf({ [name]: value }))} />
      <StoreList key={round} {...list} />
    </>
  );
}

const USED = [
  ["", "at any time"],
  ["<5", "within 5 minutes"],
  ["<60", "within an hour"],
  [">10", "not for 10 minutes"],
  [">60", "not for an hour"],
] as const;

const KINDS = [
  ["", "all"],
  ["users", "users"],
  ["anonymous", "visitors"],
] as const;

interface FiltersProps {
  readonly query: URLSearchParams;
  readonly onChange: (name: Choice, value: string) => void;
}

function Filters({ query, onChange }: FiltersProps) {
  const change = (name: Choice) => (event: Event) =>
    onChange(name, (event.currentTarget as HTMLInputElement).value.trim());
  return (
    <form class="filters" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
      <Select name="Used" options={USED} value={query.get("used")} onChange={change("used")} />
      <Select name="By" options={KINDS} value={query.get("kind")} onChange={change("kind")} />
      <label>
        Device
        <input
          type="text"
          maxLength={100}
          placeholder="such as Firefox"
          value={query.get("device") ?? ""}
          onChange={change("device")}
        />
      </label>
    </form>
  );
}

interface SelectProps {
  readonly name: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly value: string | null;
  readonly onChange: (event: Event) => void;
}

function Select({ name, options, value, onChange }: SelectProps) {
  return (
    <label>
      {name}
      <select value={value ?? ""} onChange={onChange}>
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The number to show; `null` when it is unknown. */
function liveIn({ isCounted, isEstimate, history }: Overview): number | null {
  const counted = isCounted ? (history.findLast(({ live }) => live !== null)?.live ?? null) : null;
  return counted !== null && isEstimate ? roughly(counted) : counted;
}

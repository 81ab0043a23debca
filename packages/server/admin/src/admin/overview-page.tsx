// The overview: the present figures of the server, and those of the last hour.

import { useState } from "preact/hooks";
import type { Activity, Figures, Overview } from "../../../src/console/api.ts";
import { useLive } from "../lib/live.ts";
import { useLoad } from "../lib/load.ts";
import { count, roughly } from "../lib/time.ts";
import { Chart } from "../parts/chart.tsx";
import { Loading } from "../parts/states.tsx";
import { ActivityList } from "./activity-list.tsx";
import { useDesk } from "./desk.ts";
import { CAUSE_NAMES, endedByCause, endedIn, hitRates, latency, percent, perMinute } from "./rates.ts";

/** The number of figures that the server keeps: an hour. */
const MOST_FIGURES = 720;
const MOST_ACTIVITY = 50;

export function OverviewPage() {
  const { onError } = useDesk();
  const loaded = useLoad<Overview>("/admin/api/overview", onError);
  const [more, setMore] = useState<{ figures: readonly Figures[]; activity: readonly Activity[] }>({
    figures: [],
    activity: [],
  });
  const connection = useLive(({ figures, activity }) => {
    setMore((before) => ({
      figures: figures ? [...before.figures, figures].slice(-MOST_FIGURES) : before.figures,
      activity: activity ? [...activity.toReversed(), ...before.activity].slice(0, MOST_ACTIVITY) : before.activity,
    }));
  });
  return (
    <>
      <div class="title">
        <h1>Overview</h1>
        <p class={`pulse ${connection}`} role="status">
          {{ live: "Live", connecting: "Connecting…", lost: "Connection lost, trying again…" }[connection]}
        </p>
      </div>
      <Loading of={loaded} height={900}>
        {(overview) => <Content overview={join(overview, more)} />}
      </Loading>
    </>
  );
}

/** Events that the stream delivered meanwhile may be part of the loaded ones too. */
function join(overview: Overview, more: { figures: readonly Figures[]; activity: readonly Activity[] }): Overview {
  const newest = overview.history.at(-1)?.at ?? 0;
  const history = [...overview.history, ...more.figures.filter(({ at }) => at > newest)].slice(-MOST_FIGURES);
  const byId = new Map([...more.activity, ...overview.activity].map((each) => [each.id, each]));
  return { ...overview, history, activity: [...byId.values()].slice(0, MOST_ACTIVITY) };
}

function Content({ overview }: { overview: Overview }) {
  const { history, interval, hasCache, activity } = overview;
  const times = history.map(({ at }) => at);
  const signIns = perMinute(history, interval, (each) => each.signIns);
  const ended = perMinute(history, interval, endedIn);
  const errors = perMinute(history, interval, (each) => each.errors);
  const hits = hitRates(history, interval);
  const last = history.at(-1);
  const liveName = overview.isEstimate ? "Live sessions, about" : "Live sessions";
  return (
    <>
      {last?.isStoreUp === false && (
        <p class="notice bad" role="alert">
          <strong>The session store does not answer.</strong> Requests with a session are answered 503; they sign no
          user out.
        </p>
      )}
      <dl class="figures">
        <Figure
          name={liveName}
          value={last?.live ?? null}
          format={overview.isEstimate ? (value) => count(roughly(value)) : count}
          note={overview.isCounted ? overview.store : "not counted"}
        />
        <Figure name="Sign-ins" value={signIns.at(-1) ?? null} format={count} note="within a minute" />
        <Figure name="Ended" value={ended.at(-1) ?? null} format={count} note="within a minute" />
        <Figure name="Store, median" value={lastKnown(history, "p50")} format={latency} note="of reads and writes" />
        <Figure name="Store, p99" value={lastKnown(history, "p99")} format={latency} note="of reads and writes" />
        <Figure
          name="Errors"
          value={errors.at(-1) ?? null}
          format={count}
          note="5xx within a minute"
          isBad={(errors.at(-1) ?? 0) > 0}
        />
        {hasCache && (
          <Figure name="Cache" value={hits.at(-1) ?? null} format={percent} note="loads answered by copies" />
        )}
      </dl>
      <div class="overview">
        <section class="charts" aria-label="The last hour">
          <Chart
            title="Sign-ins and ends a minute"
            times={times}
            least={5}
            format={whole}
            lines={[
              { label: "sign-ins", color: "accent", values: signIns },
              { label: "ended", color: "second", values: ended },
            ]}
          />
          <Chart
            title={liveName}
            times={times}
            least={5}
            format={whole}
            lines={[{ label: "sessions", color: "accent", values: history.map(({ live }) => live) }]}
          />
          <Chart
            title="Store latency"
            times={times}
            least={1}
            format={latency}
            lines={[
              { label: "median", color: "accent", values: history.map(({ p50 }) => p50) },
              { label: "p99", color: "second", values: history.map(({ p99 }) => p99) },
            ]}
          />
          <Chart
            title="Errors a minute"
            times={times}
            least={5}
            format={whole}
            lines={[{ label: "answers 5xx", color: "bad", values: errors }]}
          />
          {hasCache && (
            <Chart
              title="Cache hit rate"
              times={times}
              least={1}
              format={percent}
              lines={[{ label: "hits", color: "accent", values: hits }]}
            />
          )}
        </section>
        <div class="side">
          <Causes history={history} />
          <section class="card">
            <h2>Just now</h2>
            <ActivityList activity={activity.slice(0, 7)} />
          </section>
        </div>
      </div>
      <p class="muted small">
        The figures are those of this process since its start, for an hour at most. Other servers on the same store have
        their own page.
      </p>
    </>
  );
}

const whole = (value: number): string => (Number.isInteger(value) ? count(value) : "");

function lastKnown(history: readonly Figures[], name: "p50" | "p99"): number | null {
  return history.findLast((each) => each[name] !== null)?.[name] ?? null;
}

interface FigureProps {
  readonly name: string;
  readonly value: number | null;
  readonly format: (value: number) => string;
  readonly note: string;
  readonly isBad?: boolean;
}

function Figure({ name, value, format, note, isBad = false }: FigureProps) {
  return (
    <div class={isBad ? "is-bad" : undefined}>
      <dt>{name}</dt>
      <dd>
        <b>{value === null ? "–" : format(value)}</b>
        <small>{note}</small>
      </dd>
    </div>
  );
}

function Causes({ history }: { history: readonly Figures[] }) {
  const causes = endedByCause(history);
  const most = Math.max(1, ...causes.map(([, value]) => value));
  return (
    <section class="card">
      <h2>Why sessions ended</h2>
      <dl class="causes">
        {causes.map(([cause, value]) => (
          <div key={cause} class={cause === "reuse" && value > 0 ? "is-bad" : undefined}>
            <dt>{CAUSE_NAMES[cause]}</dt>
            <dd>{count(value)}</dd>
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${(100 * value) / most}%` }} />
            </span>
          </div>
        ))}
      </dl>
    </section>
  );
}

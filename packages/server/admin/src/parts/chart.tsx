// Line charts of the last hour. For readers who cannot see them, a sentence gives first, last and extreme values.

import { useEffect, useRef, useState } from "preact/hooks";
import type uPlot from "uplot";
import { clockTime } from "../lib/time.ts";

export interface Line {
  readonly label: string;
  /** A custom property of the styles. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** The least end of the scale. */
  readonly least: number;
}

/** Seconds. While the server is younger, the scale covers its whole life. */
const HOUR = 3600;
const SHORTEST = 60;

export function Chart({ title, times, lines, format, least }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<number | null>(null);
  const data = toData(times, lines);
  const latest = useRef(data);
  latest.current = data;
  useEffect(() => {
    let isGone = false;
    const draw = async (): Promise<void> => {
      const { default: Plot } = await import("uplot");
      if (isGone || place.current === null) return;
      plot.current?.destroy();
      plot.current = new Plot(optionsOf(place.current, lines, { format, least, setAt }), latest.current, place.current);
    };
    void draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const redraw = (): void => void draw();
    dark.addEventListener("change", redraw);
    const resize = new ResizeObserver(([entry]) =>
      plot.current?.setSize({ width: entry?.contentRect.width ?? 0, height: entry?.contentRect.height ?? 0 }),
    );
    resize.observe(place.current as Element);
    return () => {
      isGone = true;
      dark.removeEventListener("change", redraw);
      resize.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data]);
  return (
    <figure class="chart">
      <figcaption>
        <h2>{title}</h2>
        <ul>
          {lines.map(({ label, color, values }) => (
            <li key={label}>
              <span class={`dot ${color}`} aria-hidden="true" />
              {label} <b>{valueText(at === null ? lastOf(values) : values[at], format)}</b>
            </li>
          ))}
        </ul>
        <span class="at">{at === null ? "" : clockTime(times[at] ?? 0)}</span>
      </figcaption>
      <div class="plot" ref={place} role="img" aria-label={describe(title, lines, format)} />
    </figure>
  );
}

function toData(times: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  return [times.map((time) => time / 1000), ...lines.map(({ values }) => [...values])];
}

interface Drawing extends Pick<ChartProps, "format" | "least"> {
  readonly setAt: (index: number | null) => void;
}

function optionsOf(place: HTMLElement, lines: readonly Line[], { format, least, setAt }: Drawing): uPlot.Options {
  const styles = getComputedStyle(place);
  const color = (name: string): string => styles.getPropertyValue(`--${name}`).trim();
  const unit = Math.round(Number.parseFloat(styles.fontSize)); // uPlot needs whole pixels
  const axis = { stroke: color("muted"), font: `${unit}px ${styles.fontFamily}`, ticks: { show: false } };
  const grid = { stroke: color("line"), width: 1 };
  return {
    width: place.clientWidth,
    height: place.clientHeight,
    legend: { show: false },
    padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: "hour" }, points: { size: 6 } },
    scales: {
      x: { time: true, range: (_self, min, max) => [Math.max(max - HOUR, Math.min(min, max - SHORTEST)), max] },
      y: { range: (_self, _min, max) => [0, Math.max(max * 1.1, least)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 6 * unit,
        size: 2 * unit,
        values: (_self, splits) => splits.map((at) => axisTime(at, (splits[1] ?? 0) - (splits[0] ?? 0))),
      },
      { ...axis, grid, space: 2.5 * unit, size: 4.6 * unit, values: (_self, splits) => splits.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, color: name }, index) => ({
        label,
        stroke: color(name),
        width: 1.75,
        points: { show: false },
        ...(index === 0 && lines.length === 1 && { fill: color(`${name}-soft`) }),
      })),
    ],
    hooks: { setCursor: [({ cursor }) => setAt(cursor.idx ?? null)] },
  };
}

/** Shows seconds only if two marks would be the same without them. */
const axisTime = (seconds: number, step: number): string =>
  clockTime(seconds * 1000).slice(0, step > 0 && step < 60 ? 8 : 5);

/** The last value; an interval without a call has no latency. */
const lastOf = (values: Line["values"]): number | null => values.findLast((value) => value !== null) ?? null;

function valueText(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}

function describe(title: string, lines: readonly Line[], format: (value: number) => string): string {
  const parts = lines.map(({ label, values }) => {
    const known = values.filter((value): value is number => value !== null);
    if (known.length === 0) return `${label}: nothing yet`;
    const [last, low, high] = [known.at(-1) as number, Math.min(...known), Math.max(...known)];
    return `${label}: now ${format(last)}, lowest ${format(low)}, highest ${format(high)}`;
  });
  return `${title} over the last hour. ${parts.join(". ")}.`;
}

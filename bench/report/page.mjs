// Writes docs/performance.md and its plots from results. The words between the tables are in words.mjs.
import { mkdirSync, writeFileSync } from "node:fs";
import { inRoot } from "../../tools/ready/repository.mjs";
import { USUAL } from "../questions/reads.mjs";
import { goals } from "./goals.mjs";
import { barPlot, numberOf } from "./svg.mjs";
import { OURS, WORDS } from "./words.mjs";

export function writePage(results) {
  mkdirSync(inRoot("docs/performance"), { recursive: true });
  const parts = [head(results), goalTable(results.questions)];
  for (const [name, { title, answer }] of Object.entries(results.questions))
    parts.push(`## ${title}\n\n${WORDS[name] ?? ""}`, ...sectionOf(name, answer));
  parts.push(WORDS.method(results), machineOf(results));
  writeFileSync(inRoot("docs/performance.md"), `${parts.filter(Boolean).join("\n\n")}\n`);
}

/** `note`, if present, explains a peculiarity of these results. */
function head({ date, note = "", questions }) {
  return `<!-- Written by \`npm run docs\` from bench/results/all.json; do not edit. -->

# Performance

${WORDS.head(date.slice(0, 10))}

${answerTable(questions.reads?.answer)}

${WORDS.after}${note && `\n\n${fill(note)}`}`;
}

function answerTable(reads) {
  if (reads === undefined || reads.skipped) return "This run did not ask for reads.";
  const own = (framework, name, key) => {
    const value = reads[framework]?.find((row) => row.name === name)?.[key];
    return value === undefined ? "–" : `${numberOf(value.median)} µs`;
  };
  return table(
    ["", "Sessile", "the usual library", "Sessile, default flags", "the library, default flags", "which library"],
    USUAL.map(([title, framework, ours, theirs]) => [
      title,
      ...["ownCpu", "plain"].flatMap((key) => [own(framework, ours, key), own(framework, theirs, key)]),
      theirs,
    ]),
  );
}

function goalTable(questions) {
  const all = goals(questions);
  const reached = all.filter(({ isReached }) => isReached).length;
  const lines = all.map((goal) => [goal.question, goal.goal, goal.reached, goal.isReached ? "yes" : "**no**"]);
  return `## Goals\n\n${reached} of ${all.length} were reached.\n\n${table(["question", "goal", "measured", "reached"], lines)}\n\n${WORDS.goals}`;
}

const SECTIONS = {
  promises: (rows) => [
    table(
      [
        "",
        "both keep their change: other keys",
        "the same list",
        "a slow request after sign-out",
        "a copy of the cookie",
        "the store holds",
      ],
      rows.map(({ name, rounds, otherKeys, sameKey, slowRequest, copy, rest }) => [
        name,
        ...[otherKeys, sameKey, slowRequest, copy].map((good) => `${good} of ${rounds}`),
        rest,
      ]),
    ),
  ],
  reads: (groups) =>
    Object.entries(groups).flatMap(([framework, rows]) => [
      `### ${framework}`,
      ...measured(`reads-${framework}`, rows),
    ]),
  invalid: (rows) => measured("invalid", rows),
  update: (rows) => measured("update", rows),
  "express-session": (groups) =>
    Object.entries(groups).flatMap(([name, rows]) => [`### ${name}`, ...measured(`express-session-${name}`, rows)]),
  touches: (rows) => [
    table(
      ["", "requests/s", "CPU µs, all threads"],
      rows.map(({ name, rate, cpu }) => [name, numberOf(rate.median), numberOf(cpu.median)]),
    ),
  ],
  postgres: ({ rows, space, hot, growth, sweep }) => [
    table(
      ["", "", "latency µs", "CPU of Node µs", "bytes a session"],
      rows.map(({ kind, name, latency, own }, i) => [
        rows[i - 1]?.kind === kind ? "" : kind,
        name,
        numberOf(latency),
        numberOf(own),
        kind === "read" ? numberOf(space[name]) : "",
      ]),
    ),
    fill(`Of ${numberOf(hot.touches)} touches, one a minute and session for an hour, ${percent(hot.share)} were HOT.`),
    table(
      ["sessions in the table", "latency of a read, µs", "CPU of Node µs"],
      growth.map(({ sessions, latency, own }) => [numberOf(sessions), numberOf(latency), numberOf(own)]),
    ),
    fill(`${numberOf(sweep.sessions)} of them expire at once: the statements that remove a thousand each took
${numberOf(sweep.median)} ms in the median, ${numberOf(sweep.p99)} ms at the 99th percentile, ${numberOf(sweep.longest)} ms
at most.`),
  ],
  "sign-in": (rows) => [plot("sign-in", "Sign-ins a second", "/s", rows, "rate"), rateTable(rows)],
  fastapi: (rows) => measured("fastapi", rows),
  growth: ({ groups, start }) => [
    ...Object.entries(groups).flatMap(([store, rows]) => measured(`growth-${store}`, rows)),
    table(
      ["sessions in the file", "start of a process, until it answers", "bytes of the file a session"],
      start.map(({ name, ms, bytesPerSession }) => [name, `${numberOf(ms)} ms`, numberOf(bytesPerSession)]),
    ),
  ],
  space: spaceTables,
  expiry: ({ sessions, ms, maxStall, p99, empty, full, after }) => [
    table(
      [
        "sessions",
        "all gone after",
        "longest stall",
        "99th percentile of the delay",
        "heap before",
        "full",
        "after",
        "RSS full",
        "after",
      ],
      [
        [
          sessions.toLocaleString("en"),
          `${numberOf(ms)} ms`,
          `${numberOf(maxStall)} ms`,
          `${numberOf(p99)} ms`,
          ...[empty.heap, full.heap, after.heap, full.rss, after.rss].map(mebibytes),
        ],
      ],
    ),
  ],
  calls: (rows) => [
    table(
      ["store", "request", "commands at Redis, inside scripts too", "bytes in", "bytes out"],
      rows.map(({ server, name, request, calls, bytesIn, bytesOut }) => [
        `${name} (${server})`,
        request,
        Object.entries(calls)
          .map(([command, times]) => `${times} ${command.toUpperCase()}`)
          .join(", ") || "none",
        numberOf(bytesIn),
        numberOf(bytesOut),
      ]),
    ),
  ],
  profile: (groups) =>
    Object.entries(groups).flatMap(([group, rows], index) => [
      `### ${group}`,
      profileTable(rows),
      ...(index === 0 ? rows.flatMap(functionsOf) : []),
    ]),
};

const sectionOf = (name, answer) => (answer.skipped ? [`Not measured: ${answer.skipped}.`] : SECTIONS[name](answer));

/** A line for each kind of work, the costliest of all first; a column for each variant. */
function profileTable(rows) {
  const kinds = [...new Set(rows.flatMap(({ kinds }) => kinds.map(([kind]) => kind)))];
  const most = (kind) => Math.max(...rows.map((row) => timeOf(row, kind)));
  return table(
    ["µs of a request", ...rows.map(({ name }) => name)],
    [
      ...kinds
        .filter((kind) => most(kind) >= LEAST)
        .sort((a, b) => most(b) - most(a))
        .map((kind) => [kind, ...rows.map((row) => timeOf(row, kind).toFixed(1))]),
      ["all", ...rows.map(({ micros }) => micros.toFixed(1))],
    ],
  );
}

/** Smaller values are left out; µs. */
const LEAST = 0.05;

const timeOf = ({ kinds }, kind) => kinds.find(([name]) => name === kind)?.[1] ?? 0;

function functionsOf({ name, functions }) {
  const most = functions.filter(([, time]) => time >= LEAST).slice(0, 3);
  const times = most.map(([what, time]) => `${what} ${time.toFixed(2)}`);
  return times.length === 0 ? [] : [fill(`Most in the library, µs, \`${name}\`: ${times.join(", ")}.`)];
}

function spaceTables({ memory, redis, sqlite }) {
  return [
    table(
      ["memory store", "heap, bytes a session", "RSS, bytes a session"],
      memory.map(({ name, heap, rss }) => [name, numberOf(heap), numberOf(rss)]),
    ),
    table(
      ["store", "bytes a session"],
      [...redis, ...sqlite].map(({ name, bytes }) => [name, numberOf(bytes)]),
    ),
  ];
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

const mebibytes = (bytes) => `${Math.round(bytes / 1024 ** 2)} MiB`;

/** A plot of the own CPU time, and a table of all values. */
function measured(file, rows) {
  return [
    plot(
      file,
      "CPU time of a request beyond the same without sessions",
      "µs",
      rows.filter(({ name, base }) => name !== base),
      "ownCpu",
    ),
    costTable(rows),
  ];
}

function plot(file, title, unit, rows, key) {
  const bars = rows.map((row) => {
    const { median: value, low, high } = row[key];
    return { name: row.name, value, low, high, isOurs: OURS.test(row.name) };
  });
  writeFileSync(inRoot(`docs/performance/${file}.svg`), barPlot(title, unit, bars));
  return `![${title}](performance/${file}.svg)`;
}

function costTable(rows) {
  return table(
    ["", "requests/s", "against none", "CPU µs", "own CPU µs", "p99 ms"],
    rows.map(({ name, rate, rateRatio, cpu, ownCpu, latency }) => [
      name,
      numberOf(rate.median),
      rateRatio.median.toFixed(2),
      numberOf(cpu.median),
      spread(ownCpu),
      numberOf(latency.p99),
    ]),
  );
}

const spread = ({ median, low, high }) => `${numberOf(median)} (${numberOf(low)}–${numberOf(high)})`;

function rateTable(rows) {
  return table(
    [
      "",
      "sign-ins/s",
      "against one transaction each",
      "CPU µs",
      "loop delay p99 ms",
      "loop delay max ms",
      "p50 ms",
      "p99 ms",
    ],
    rows.map(({ name, rate, rateRatio, cpu, delay, latency }) => [
      name,
      spread(rate),
      rateRatio.median.toFixed(2),
      numberOf(cpu.median),
      ...[delay.p99, delay.max, latency.p50, latency.p99].map(numberOf),
    ]),
  );
}

function machineOf({ machine, versions, date, pace }) {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `## Machine and versions

${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.system}; ${date.slice(0, 10)}.
${pace.windows} windows of ${pace.ms} ms in each of ${pace.processes} processes of every variant.
Server and load ${machine.coresApart ? "on a core each" : "not kept apart: this machine has no `taskset`, or one core"}.

${fill(`${named.join(", ")}.`)}`;
}

/** Breaks a paragraph into lines of at most 120 characters. */
const fill = (text) => text.replace(/(.{1,120})(?: |$)/g, "$1\n").trimEnd();

function table(names, lines) {
  const cells = (list) => `| ${list.map((cell) => String(cell).replaceAll("|", "\\|")).join(" | ")} |`;
  return [cells(names), cells(names.map((_, i) => (i === 0 ? "---" : "---:"))), ...lines.map(cells)].join("\n");
}

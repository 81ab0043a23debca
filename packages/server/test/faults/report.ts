// The results of the fault matrix as tables for people.

import type { Gap } from "./matrix.ts";
import { STORES } from "./places.ts";
import type { Result } from "./run-cell.ts";

/** A row a fault, a column a store: seconds for which requests failed, bold where something was lost. */
export function durationsOf(results: readonly Result[], gaps: readonly Gap[]): string {
  const rows = [...new Set(results.map(({ cell }) => cell.fault))].map((fault) => {
    const found = results.filter(({ cell }) => cell.fault === fault);
    const cells = STORES.map((store) => {
      const result = found.find(({ cell }) => cell.store === store);
      if (result !== undefined) return durationOf(result);
      return gaps.some((gap) => gap.fault === fault && gap.store === store) ? "–" : "";
    });
    const after = Math.max(...found.map((each) => each.after));
    const longest = Math.max(...found.map(({ counts }) => counts.longest));
    return lineOf([fault, ...cells, inSeconds(after), inSeconds(longest)]);
  });
  return tableOf(["fault", ...STORES, "after it", "longest request"], rows);
}

/** The cells in which something was lost. */
export function lossesOf(results: readonly Result[]): string {
  const rows = results
    .filter((result) => verdictOf(result) !== "held")
    .map((result) => {
      const { acknowledged, lostWrites, revived } = result.counts;
      const { fault, store } = result.cell;
      return lineOf([fault, store, acknowledged, lostWrites, refusedOf(result), revived, verdictOf(result)]);
    });
  return tableOf(["fault", "store", "answered", "lost writes", "wrong 401s", "revived", "why"], rows);
}

/** All figures of one cell, for the terminal. */
export function rowOf(result: Result): string {
  const { cell, counts, failing, after } = result;
  const times = [failing, after, counts.longest].map((ms) => `${inSeconds(ms)} s`);
  return lineOf([
    cell.fault,
    cell.store,
    `${counts.acknowledged} answered`,
    `${counts.offers} offers`,
    `${counts.lostWrites} lost writes`,
    `${refusedOf(result)} wrong 401s`,
    `${counts.revived} revived`,
    `${counts.unavailable} 503s`,
    `${counts.unanswered} without an answer`,
    `failing for ${times[0]}, ${times[1]} of it after the fault; longest ${times[2]}`,
    verdictOf(result),
  ]);
}

function durationOf(result: Result): string {
  const { unavailable, unanswered } = result.counts;
  const text = unavailable + unanswered === 0 ? "0" : inSeconds(result.failing);
  return verdictOf(result) === "held" ? text : `**${text}**`;
}

function refusedOf({ counts: { wrong401, doubtful401 } }: Result): string {
  return doubtful401 === 0 ? String(wrong401) : `${wrong401} (+${doubtful401} in doubt)`;
}

function verdictOf({ cell, counts, broken }: Result): string {
  if (broken.length > 0) return `**broken**: ${broken.join(", ")}`;
  return cell.losses.some((loss) => counts[loss] > 0) ? cell.exception : "held";
}

const inSeconds = (ms: number): string => (ms / 1000).toFixed(1);

const lineOf = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;

const tableOf = (names: readonly string[], rows: readonly string[]): string => {
  return [lineOf(names), `|${names.map(() => "---").join("|")}|`, ...rows].join("\n");
};

// The results as a table for people. Judges nothing.

import type { Gap } from "./matrix.ts";
import type { Result } from "./run-cell.ts";

const HEAD = `| fault | store | answered | lost writes | wrong 401s | revived | 503s | no answer | failing for | after it | longest | promise |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|`;

export function tableOf(results: readonly Result[]): string {
  return [HEAD, ...results.map(rowOf)].join("\n");
}

export function rowOf({ cell, counts, failing, after, broken }: Result): string {
  const { acknowledged, lostWrites, wrong401, doubtful401, revived, unavailable, unanswered, longest } = counts;
  const refused = doubtful401 === 0 ? String(wrong401) : `${wrong401} (+${doubtful401} in doubt)`;
  const times = [failing, after, longest].map((ms) => `${(ms / 1000).toFixed(1)} s`);
  const figures = [acknowledged, lostWrites, refused, revived, unavailable, unanswered, ...times];
  return `| ${[cell.fault, cell.store, ...figures, verdictOf({ cell, counts, broken })].join(" | ")} |`;
}

function verdictOf({ cell, counts, broken }: Pick<Result, "cell" | "counts" | "broken">): string {
  if (broken.length > 0) return `**broken**: ${broken.join(", ")}`;
  const isUsed = cell.losses.some((loss) => counts[loss] > 0);
  return isUsed ? `exception: ${cell.exception}` : "held";
}

export function gapsOf(gaps: readonly Gap[]): string {
  const rows = gaps.map(({ fault, store, reason }) => `| ${fault} | ${store} | ${reason} |`);
  return ["| fault | store | does not apply, because |", "|---|---|---|", ...rows].join("\n");
}

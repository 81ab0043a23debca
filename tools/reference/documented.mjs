// Finds public declarations without documentation, options without a default, and durations and sizes without a unit.

import { withExports } from "./declarations.mjs";
import { docOf, kindOf, lineOf, membersOf } from "./syntax.mjs";

const DURATION_OR_SIZE = /(?:Timeout|Interval|Grace|Deadline|deadline|maxAge|Bytes|bytes|After|Every)\??:/;
const UNIT = /\b(?:ms|milliseconds?|seconds?|minutes?|hours?|days?|bytes|KiB|MiB|GiB)\b/i;
const DEFAULT = /\bdefaults?\b|\bwithout (?:it|one)\b|\bif absent\b/i;

/** @returns {string[]} one sentence for each gap */
export function findUndocumented() {
  return withExports(({ entries, homes }) =>
    entries.flatMap(({ name: entry, page, names }) =>
      names
        .filter(({ key }) => homes.get(key).page === page)
        .flatMap(({ name, nodes, isTypeOnly }) => gapsOf(`${entry}: ${name}`, nodes, isTypeOnly)),
    ),
  );
}

function gapsOf(name, nodes, isTypeOnly) {
  const own = nodes.some((node) => docOf(node) !== "") ? [] : [`${name} has no documentation`];
  const isUnitGiven = nodes.some((node) => UNIT.test(docOf(node)));
  const members = nodes.flatMap(membersOf).filter((node) => !(isTypeOnly && kindOf(node) === "constructor"));
  const documented = new Set(members.filter((node) => docOf(node) !== "").map((node) => node.name?.getText()));
  const isOptions = /Options|Limits?$/.test(name);
  return [
    ...own,
    ...members.flatMap((node) => {
      const member = `${name}.${node.name?.getText() ?? kindOf(node)}`;
      if (!documented.has(node.name?.getText())) return [`${member} has no documentation`];
      const [line, doc] = [lineOf(node), docOf(node)];
      return [
        ...(DURATION_OR_SIZE.test(line) && !isUnitGiven && !UNIT.test(doc) ? [`${member} names no unit`] : []),
        ...(isOptions && /^\w+\?:/.test(line) && !DEFAULT.test(doc) ? [`${member} names no default`] : []),
      ];
    }),
  ];
}

// How much a run of the tests tries: `npm test` a little, `npm run test:deep` (what CI runs) more, `npm run test:long` for hours.

const DEPTHS = ["quick", "deep", "long"] as const;

/** The value for the present run. `SESSILE_DEPTH` names the run; without it a run is quick. */
export function byDepth<T>(quick: T, deep: T, long: T): T {
  const depth = process.env["SESSILE_DEPTH"] || "quick";
  const index = DEPTHS.indexOf(depth as (typeof DEPTHS)[number]);
  if (index < 0) throw new TypeError(`SESSILE_DEPTH is one of ${DEPTHS.join(", ")}, not ${depth}.`);
  return [quick, deep, long][index] as T;
}

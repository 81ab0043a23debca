// The depth of a test run: `npm test` is quick, `npm run test:deep` (as CI runs it) deeper, `npm run test:long` takes
// hours.

const DEPTHS = ["quick", "deep", "long"] as const;

/** The value for the present run. `SESSILE_DEPTH` names its depth; default quick. */
export function byDepth<T>(quick: T, deep: T, long: T): T {
  const depth = process.env["SESSILE_DEPTH"] || "quick";
  const index = DEPTHS.indexOf(depth as (typeof DEPTHS)[number]);
  if (index < 0) throw new TypeError(`SESSILE_DEPTH is one of ${DEPTHS.join(", ")}, not ${depth}.`);
  return [quick, deep, long][index] as T;
}

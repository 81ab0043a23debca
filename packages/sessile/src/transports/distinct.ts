// A header value that may be several, joined by the runtime.

const NONE: readonly string[] = Object.freeze([]);

/** The distinct non-empty values of a header; repeated headers arrive joined with commas. */
export function distinct(value: string | undefined): readonly string[] {
  if (value === undefined || value === "") return NONE;
  if (!value.includes(",")) return [value];
  return [...new Set(value.split(",").map((part) => part.trim()))].filter((part) => part !== "");
}

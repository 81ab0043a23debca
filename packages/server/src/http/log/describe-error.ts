// Errors as one line of text.

/**
 * The messages of the error and its causes, and nothing else: the objects may carry what a driver was asked to write.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  return error.cause === undefined ? error.message : `${error.message} ${describeError(error.cause)}`;
}

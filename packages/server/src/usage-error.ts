// A mistake of whoever starts the server: shown as one line, without a stack.

/** The message says what was expected, what was got and what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

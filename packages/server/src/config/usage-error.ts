// A mistake of whoever starts the server: shown as one line, without a stack.

import { withoutPasswords } from "./without-password.ts";

/** The message says what was expected, what was got and what to do. What was got may be a URL in the wrong place. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(message: string) {
    super(withoutPasswords(message));
  }
}

// Mistakes in the command line or the settings: shown as one line, without a stack.

import { withoutPasswords } from "./without-password.ts";

/**
 * The message names the expected value, the given one and the remedy. The given one may be a URL in the wrong place.
 */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(message: string) {
    super(withoutPasswords(message));
  }
}

// How a call ended, for properties that allow a value or one kind of error and nothing else.

import assert from "node:assert/strict";
import { isSessionError, type SessionErrorCode } from "sessile";

/** The value, or `null` when the call was refused with one of `codes`. Any other error fails the property. */
export function valueOrRefusal<T>(call: () => T, ...codes: readonly SessionErrorCode[]): { readonly value: T } | null {
  try {
    return { value: call() };
  } catch (error) {
    assertRefusal(error, codes);
    return null;
  }
}

/** The same for a call that takes its time. */
export async function answerOrRefusal<T>(
  call: () => Promise<T>,
  ...codes: readonly SessionErrorCode[]
): Promise<{ readonly value: T } | null> {
  try {
    return { value: await call() };
  } catch (error) {
    assertRefusal(error, codes);
    return null;
  }
}

function assertRefusal(error: unknown, codes: readonly SessionErrorCode[]): void {
  const isExpected = isSessionError(error) && codes.includes(error.code);
  assert.ok(isExpected, `expected ${codes.join(" or ")}, got ${error instanceof Error ? error.stack : typeof error}`);
}

// What a handler did: gave a value back, or threw one. Knows no framework.

export type Outcome<T> = readonly [value: T, isThrown: false] | readonly [error: unknown, isThrown: true];

export async function outcomeOf<T>(handler: () => T): Promise<Outcome<Awaited<T>>> {
  try {
    return [await handler(), false];
  } catch (error) {
    return [error, true];
  }
}

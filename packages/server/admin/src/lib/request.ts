// The requests of the pages to the server.

/** A request without a usable answer. `status` is 0 when no server answered. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** True when the server asks for the password again. */
export const isStale = (error: unknown): boolean =>
  error instanceof RequestError && error.status === 403 && error.message.startsWith("Sign in again");

export const isSignedOut = (error: unknown): boolean => error instanceof RequestError && error.status === 401;

/** True when a later request may succeed. */
export const isPassing = (error: unknown): boolean =>
  error instanceof RequestError && (error.status === 0 || error.status === 503);

type Method = "GET" | "POST";

/** The answer's JSON. Rejects with `RequestError`. */
export async function ask<T>(method: Method, path: string, body?: object, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    ...(signal && { signal }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new RequestError(0, "The server does not answer.");
  });
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok) return answer as T;
  throw new RequestError(response.status, detailOf(answer, response));
}

function detailOf(answer: unknown, response: Response): string {
  const { detail } = (answer ?? {}) as { detail?: unknown };
  const after = Number(response.headers.get("retry-after"));
  if (response.status === 429) return `Too many failed attempts. Try again in ${after} s.`;
  const [first] = Array.isArray(detail) ? (detail as { msg?: unknown }[]) : [];
  const text = first?.msg ?? detail;
  return typeof text === "string" ? text : `The server answered ${response.status}.`;
}

/** A path with a query of the given values. */
export function withQuery(path: string, query: Readonly<Record<string, string | null | undefined>>): string {
  const given = Object.entries(query).filter((each): each is [string, string] => Boolean(each[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

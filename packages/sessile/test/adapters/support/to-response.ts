// An answer of the suite as a `Response`, for frameworks that take one.

import type { SuiteAnswer } from "sessile/testing";

export function toResponse({ status = 200, headers = {}, body }: SuiteAnswer): Response {
  return new Response(bodyOf(body), { status, headers: headerLines(headers) });
}

/** A line for each value. */
export function headerLines(headers: NonNullable<SuiteAnswer["headers"]>): [string, string][] {
  return Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
}

export function bodyOf(body: SuiteAnswer["body"]): string | ReadableStream | null {
  return body === undefined || typeof body === "string" ? (body ?? null) : streamOf(iteratorOf(body));
}

/**
 * Not `ReadableStream.from`: Node's tells a synchronous iterator nothing when the stream is cancelled before it is
 * read.
 */
function streamOf(chunks: Chunks): ReadableStream {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void chunks.return?.(),
  });
}

type Chunks = Iterator<Uint8Array> | AsyncIterator<Uint8Array>;

export function iteratorOf(body: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Chunks {
  return Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : body[Symbol.iterator]();
}

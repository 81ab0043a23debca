// An HTTP client that shows responses as they were sent: repeated headers, broken bodies, redirects not followed.

import { type IncomingMessage, request } from "node:http";

export interface ClientRequest {
  readonly token?: string;
  readonly bearer?: string;
  readonly cookie?: string;
  /** Further headers; a list becomes several lines. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Leaves without waiting for the response. */
  readonly signal?: AbortSignal;
  /** Called as soon as the head of the response has arrived. */
  readonly onHead?: () => void;
  /** Called with every chunk of the body. */
  readonly onChunk?: (chunk: Buffer) => void;
}

export interface ClientResponse {
  readonly status: number;
  /** The value of a header; `undefined` when absent. Several lines are joined. */
  header(name: string): string | undefined;
  /** Every `Set-Cookie`. */
  readonly cookies: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** All headers but the date, for comparing whole responses. */
  readonly rawHeaders: readonly string[];
}

/** Sends one request on a connection of its own. Rejects when the response breaks off. */
export function send(url: string, method: string, path: string, asked: ClientRequest = {}): Promise<ClientResponse> {
  return new Promise((resolve, reject) => {
    const { signal } = asked;
    const outgoing = request(new URL(path, url), {
      method,
      agent: false,
      headers: headersOf(asked),
      ...(signal && { signal }),
    });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      asked.onHead?.();
      readBody(incoming, asked.onChunk).then((body) => resolve(toResponse(incoming, body)), reject);
    });
    outgoing.end();
  });
}

function headersOf({ token, bearer, cookie, headers }: ClientRequest): Record<string, string | string[]> {
  return {
    ...(token !== undefined && { "x-session-token": token }),
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    ...(cookie !== undefined && { cookie }),
    ...headers,
  };
}

async function readBody(incoming: IncomingMessage, onChunk: ClientRequest["onChunk"]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    onChunk?.(chunk);
  }
  return Buffer.concat(chunks);
}

function toResponse({ statusCode = 0, rawHeaders }: IncomingMessage, body: Buffer): ClientResponse {
  const lines = Array.from(
    { length: rawHeaders.length / 2 },
    (_, index) => rawHeaders.slice(index * 2, index * 2 + 2) as [string, string],
  );
  const values = (name: string): string[] =>
    lines.flatMap(([each, value]) => (each.toLowerCase() === name ? [value] : []));
  return {
    status: statusCode,
    header: (name) => (values(name).length === 0 ? undefined : values(name).join(", ")),
    cookies: values("set-cookie"),
    body,
    text: body.toString(),
    rawHeaders: lines.filter(([name]) => name.toLowerCase() !== "date").map((line) => line.join(": ")),
  };
}

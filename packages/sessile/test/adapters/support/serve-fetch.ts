// The least bridge from node:http to a handler of `Request` and `Response`.

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";

export function serveFetch(handle: (request: Request) => Promise<Response>): RequestListener {
  return (incoming, outgoing) => void answer(handle, incoming, outgoing);
}

async function answer(
  handle: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const response = await handle(toRequest(incoming));
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  if (response.body === null) outgoing.end();
  else if (outgoing.destroyed) await response.body.cancel();
  else pipeline(Readable.fromWeb(response.body as ReadableStream), outgoing, () => {}); // a body that breaks off cuts the connection
}

function toRequest({ method = "GET", url, headers: { host }, rawHeaders }: IncomingMessage): Request {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2)
    headers.append(rawHeaders[index] as string, rawHeaders[index + 1] as string);
  return new Request(new URL(url ?? "/", `http://${host}`), { method, headers });
}

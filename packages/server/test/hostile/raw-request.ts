// Requests as bytes: good ones, and what becomes of them by chance. Knows no server and opens no socket.

import fc from "fast-check";
import { nastyText } from "./nasty.ts";
import type { Random } from "./random.ts";

/** A request before it is bytes. */
export interface Draft {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The script of one client: it writes the pieces with some turns of the event loop in between, and leaves. */
export interface Visit {
  readonly pieces: readonly { readonly bytes: Buffer; readonly turns: number }[];
  /**
   * `answered` stays for the first byte of an answer, if it comes soon, and resets; `end` waits for the server to
   * close.
   */
  readonly leave: (typeof LEAVES)[number];
}

const LEAVES = ["reset", "destroy", "answered", "answered", "end"] as const;

const METHODS = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "M-SEARCH", "QUERY"],
  ...["PRI", "BREW", "get", "", " ", "G\0T"],
];
const VERSIONS = ["HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "http/1.1", "HTTP/1.1 ", "HTTP/", ""];

/** Headers on which parsers, proxies and routes decide. */
const HEADERS: readonly (readonly [string, string])[] = [
  ["Content-Length", "0"],
  ["Content-Length", "5"],
  ["Content-Length", "-1"],
  ["Content-Length", "18446744073709551616"],
  ["Transfer-Encoding", "chunked"],
  ["Transfer-Encoding", "gzip, chunked"],
  ["Transfer-Encoding", "\x0bchunked"],
  ["Content-Type", "application/json"],
  ["Content-Type", "application/json; charset=utf-16"],
  ["Content-Type", "multipart/form-data; boundary=x"],
  ["Content-Encoding", "gzip"],
  ["Connection", "close"],
  ["Connection", "Upgrade, X-User-Id"],
  ["Upgrade", "websocket"],
  ["Upgrade", "h2c"],
  ["HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Expect", "100-continue"],
  ["Expect", "tea"],
  ["Host", "evil.example"],
  ["Host", ""],
  ["Origin", "null"],
  ["Origin", "http://["],
  ["Sec-Fetch-Site", "cross-site"],
  ["X-Forwarded-For", "127.0.0.1, ::ffff:1.2.3.4, [::1]:99999, unknown"],
  ["X-Forwarded-Host", "evil.example, evil.example"],
  ["X-Forwarded-Method", "DELETE"],
  ["X-Forwarded-Proto", "https"],
  ["X-User-Id", "root"],
  ["If-Match", '"1", *'],
  ["If-None-Match", "*"],
  ["Range", "bytes=0-0,1-1,-1"],
  ["Accept-Encoding", "gzip;q=0, *;q=x"],
  ["Trailer", "X-User-Id"],
  ["__proto__", "1"],
  ["Cookie", "a=b; ".repeat(500)],
];

/** The same for the same seed. */
export class RawRequests {
  readonly #random: Random;
  readonly #drafts: readonly Draft[];
  readonly #texts: readonly string[];

  constructor(random: Random, drafts: readonly Draft[]) {
    this.#random = random;
    this.#drafts = drafts;
    this.#texts = fc.sample(nastyText(60), { seed: random.below(2 ** 31), numRuns: 200 });
  }

  next(): Visit {
    const random = this.#random;
    const count = random.oneIn(4) ? 2 + random.below(4) : 1;
    let bytes: Buffer = Buffer.concat(Array.from({ length: count }, () => this.#one()));
    for (let left = random.pick([0, 0, 1, 3]); left > 0; left--) bytes = this.#mutate(bytes);
    return { pieces: this.#pieces(bytes), leave: random.pick(LEAVES) };
  }

  /** A good request, or one that is wrong in its parts. */
  #one(): Buffer {
    const random = this.#random;
    const draft = random.pick(this.#drafts);
    if (random.oneIn(4)) return write(draft, "HTTP/1.1");
    const headers = [...draft.headers];
    for (let left = random.below(4); left > 0; left--) this.#changeHeaders(headers);
    return write(
      {
        method: random.oneIn(4) ? random.pick(METHODS) : draft.method,
        target: random.oneIn(2) ? this.#target(draft.target) : draft.target,
        headers,
        body: random.oneIn(2) ? this.#body(draft.body) : draft.body,
      },
      random.oneIn(8) ? random.pick(VERSIONS) : "HTTP/1.1",
    );
  }

  #changeHeaders(headers: (readonly [string, string])[]): void {
    const random = this.#random;
    const at = random.below(headers.length + 1);
    const [name = "X-A", value = ""] = headers[at] ?? [];
    const change = random.below(6);
    if (change === 0) headers.splice(at, 1);
    else if (change === 1) headers.splice(at, 0, [name, value]);
    else if (change === 2) headers.splice(at, 1, [name.replaceAll("-", "_").toLowerCase(), value]);
    else if (change === 3) headers.splice(at, 1, [name, value + random.pick(this.#texts)]);
    else headers.splice(at, 0, random.pick(HEADERS));
  }

  #target(target: string): string {
    const random = this.#random;
    const text = random.pick(this.#texts);
    const encoded = encodeURIComponent(text.toWellFormed());
    return random.pick([
      `${target}/${encoded}`,
      `${target}?${encoded}`,
      `${target}${text}`,
      target.replace("/", "//"),
      target.replace(/.$/, "%zz"),
      `http://evil.example${target}`,
      `${target}/../../${encoded}`,
      `${target};${text}`,
      "*",
      `/${"a/".repeat(random.below(9000))}`,
    ]);
  }

  #body(body: string): string {
    const random = this.#random;
    const text = random.pick(this.#texts);
    return random.pick([
      body.replace(/"[^"]*"/, JSON.stringify(text)),
      body.slice(0, random.below(body.length + 1)),
      `${body}${text}`,
      `${"[".repeat(random.below(20_000))}`,
      `{"__proto__":${body || 1}}`,
      `${random.below(0x7fffffff).toString(16)}\r\n${body}\r\n0\r\n${text}: 1\r\n\r\n`,
      "x".repeat(random.below(100_000)),
    ]);
  }

  /** A change that knows nothing of HTTP. */
  #mutate(bytes: Buffer): Buffer {
    const random = this.#random;
    const from = random.below(bytes.length + 1);
    const to = Math.min(from + random.below(20), bytes.length);
    const [before, cut, after] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
    return random.pick([
      () => Buffer.concat([before, random.bytes(cut.length), after]),
      () => Buffer.concat([before, random.bytes(random.below(8)), cut, after]),
      () => Buffer.concat([before, after]),
      () => Buffer.concat([before, cut, cut, cut, after]),
      () => before,
      () => Buffer.concat([before, Buffer.from(random.pick(["\r\n", "\n", "\r", "\0", "\r\n\r\n", ":", " "])), after]),
      () => Buffer.concat([before, Buffer.from(random.pick(this.#texts)), after]),
      () => Buffer.from(bytes.toString("latin1").replaceAll("\r\n", random.pick(["\n", "\r", "\r\r\n"])), "latin1"),
    ])();
  }

  #pieces(bytes: Buffer): Visit["pieces"] {
    const random = this.#random;
    const cuts = Array.from({ length: random.below(4) }, () => random.below(bytes.length + 1)).sort((a, b) => a - b);
    const ends = [...cuts, bytes.length];
    return ends.map((end, i) => ({ bytes: bytes.subarray(ends[i - 1] ?? 0, end), turns: random.below(5) }));
  }
}

function write({ method, target, headers, body }: Draft, version: string): Buffer {
  const hasLength = headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name));
  const length = body === "" || hasLength ? [] : [["Content-Length", String(Buffer.byteLength(body))] as const];
  const lines = [...headers, ...length].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${target} ${version}\r\n${lines.join("")}\r\n${body}`);
}

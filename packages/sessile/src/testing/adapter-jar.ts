// The cookies of a browser: which ones it keeps from `Set-Cookie`, and which ones it sends.

import type { ClientRequest, ClientResponse } from "./adapter-client.ts";

/** The part of a cookie that identifies it among others of its name. */
interface Kept {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly domain: string;
  readonly isPartitioned: boolean;
}

type Send = (method: string, path: string, asked?: ClientRequest) => Promise<ClientResponse>;

/** A client that behaves as a browser does on one host: a cookie that a response clears is not sent again. */
export class CookieJar {
  readonly #send: Send;
  #kept: Kept[] = [];

  constructor(send: Send) {
    this.#send = send;
  }

  /** The values of a cookie, one for each path, domain and partition that there is of it. */
  valuesOf(name: string): string[] {
    return this.#kept.flatMap((cookie) => (cookie.name === name ? [cookie.value] : []));
  }

  /** Takes a `Set-Cookie`, of whatever host of the site. */
  take(line: string): void {
    const [pair = "", ...attributes] = line.split(/; */);
    const at = pair.indexOf("=");
    const attribute = (key: string): string | undefined =>
      attributes.map((text) => text.split("=")).find(([name]) => name?.toLowerCase() === key)?.[1];
    const cookie: Kept = {
      name: pair.slice(0, at),
      value: pair.slice(at + 1),
      path: attribute("path") ?? "/",
      domain: attribute("domain") ?? "",
      isPartitioned: attributes.some((text) => text.toLowerCase() === "partitioned"),
    };
    this.#kept = this.#kept.filter((each) => !isSame(each, cookie));
    if (attribute("max-age") !== "0") this.#kept.push(cookie);
  }

  /**
   * The `Cookie` header of a request for `path`; `undefined` when there is none to send. The longest path comes first.
   */
  headerFor(path: string): string | undefined {
    const sent = this.#kept.filter((cookie) => covers(cookie.path, path));
    sent.sort((a, b) => b.path.length - a.path.length);
    return sent.map(({ name, value }) => `${name}=${value}`).join("; ") || undefined;
  }

  async send(method: string, path: string, asked: ClientRequest = {}): Promise<ClientResponse> {
    const cookie = this.headerFor(path);
    const response = await this.#send(method, path, { ...asked, ...(cookie !== undefined && { cookie }) });
    for (const line of response.cookies) this.take(line);
    return response;
  }
}

function isSame(a: Kept, b: Kept): boolean {
  return a.name === b.name && a.path === b.path && a.domain === b.domain && a.isPartitioned === b.isPartitioned;
}

/** RFC 6265 §5.1.4. */
function covers(cookiePath: string, path: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);
}

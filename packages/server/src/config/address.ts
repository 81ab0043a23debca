// Addresses to listen on, as text: `127.0.0.1:9464`, `[::1]:9464`.

import { UsageError } from "./usage-error.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** `null` for an empty text. `name` is the option, for the error. */
export function parseAddress(text: string, name: string): ListenAddress | null {
  if (text === "") return null;
  const [, ipv6, plain, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? [];
  const [host, port] = [ipv6 ?? plain, Number(digits)];
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new UsageError(`${name} must be an address and a port, such as 127.0.0.1:9464; got "${text}".`);
}

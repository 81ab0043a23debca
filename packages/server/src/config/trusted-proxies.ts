// The peers that may speak for others, and the client that a request then comes from. Independent of routes and
// framework.

import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { parseAddress } from "./ip-address.ts";

/** A list of networks, such as `10.0.0.0/8`, `::1` or `fd00::/8`. */
export class TrustedProxies {
  readonly #networks = new BlockList();

  /**
   * Throws `TypeError` with the text that is no network. A network of all addresses is refused: it would trust every
   * client.
   */
  constructor(networks: readonly string[]) {
    for (const network of networks) this.#add(network);
  }

  /**
   * The address of the right-most hop that is no trusted proxy, in the form of `parseAddress`. The client itself may
   * have invented everything to the left of it. A hop that is no address is replaced by the proxy that reported it.
   */
  addressOf({ socket, headers }: IncomingMessage): string {
    let nearest = parseAddress(socket.remoteAddress ?? "") ?? "unknown";
    const hops = String(headers["x-forwarded-for"] ?? "").split(",");
    while (this.has(nearest) && hops.length > 0) {
      const hop = parseAddress((hops.pop() as string).trim());
      if (hop === null) break;
      nearest = hop;
    }
    return nearest;
  }

  /** Whether the nearest proxy reports that it was asked over TLS. This server itself speaks plain HTTP. */
  saysHttps({ socket, headers }: IncomingMessage): boolean {
    if (!this.has(parseAddress(socket.remoteAddress ?? "") ?? "")) return false;
    const schemes = String(headers["x-forwarded-proto"] ?? "").split(",");
    return schemes.at(-1)?.trim().toLowerCase() === "https";
  }

  /** The peer that speaks for another client without being trusted; `null` if there is none. */
  unheardOf({ socket, headers }: IncomingMessage): string | null {
    const peer = parseAddress(socket.remoteAddress ?? "");
    return headers["x-forwarded-for"] === undefined || peer === null || this.has(peer) ? null : peer;
  }

  has(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#networks.check(address, family === 4 ? "ipv4" : "ipv6");
  }

  #add(network: string): void {
    const [text = "", prefix] = network.split("/");
    const address = text.includes("[") ? null : parseAddress(text);
    const family = address === null ? 0 : isIP(address);
    const width = family === 4 ? 32 : 128;
    const bits = prefix === undefined ? width : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    if (address === null || !(bits >= 1 && bits <= width)) throw new TypeError(network);
    this.#networks.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }
}

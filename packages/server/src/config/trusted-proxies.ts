// The networks of the proxies that may speak for other clients.

import { BlockList, isIP } from "node:net";
import { parseAddress } from "./ip-address.ts";

/** Whether an address, in any form that `parseAddress` reads, is that of a trusted proxy. */
export type Trust = (address: string) => boolean;

/**
 * Trusts networks such as `10.0.0.0/8`, `::1` or `fd00::/8`. Throws `TypeError` with the text that is no network. A
 * network of all addresses is refused: every client could choose its own address.
 */
export function trustIn(networks: readonly string[]): Trust {
  const trusted = new BlockList();
  for (const network of networks) {
    const [text = "", prefix] = network.split("/");
    const address = text.includes("[") ? null : parseAddress(text);
    const width = address === null ? 0 : isIP(address) === 4 ? 32 : 128;
    const bits = prefix === undefined ? width : /^\d{1,3}$/.test(prefix) ? Number(prefix) : 0;
    if (address === null || bits < 1 || bits > width) throw new TypeError(network);
    trusted.addSubnet(address, bits, familyOf(address));
  }
  return (text) => {
    const address = parseAddress(text);
    return address !== null && trusted.check(address, familyOf(address));
  };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}

// IP addresses as text: their one normal form, and the network they belong to. Knows no request.

import { isIP, SocketAddress } from "node:net";

/**
 * The address in `text`, which may carry a port, brackets or a zone; `null` when there is none. IPv6 comes out in its
 * shortest form, and an IPv4 address mapped into IPv6 as the IPv4 address, so that one client has one name.
 */
export function parseAddress(text: string): string | null {
  const bare = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  const family = isIP(bare);
  if (family === 4) return bare;
  if (family !== 6) return null;
  const { address } = new SocketAddress({ address: bare, family: "ipv6" });
  return /^::ffff:([\d.]+)$/.exec(address)?.[1] ?? address;
}

/** The network of an address of `parseAddress`, such as `203.0.113.0/24`; any other text as it is. */
export function networkOf(address: string, { v4, v6 }: { readonly v4: number; readonly v6: number }): string {
  const family = isIP(address);
  if (family === 4) return `${keepBits(address.split(".").map(Number), 8, v4).join(".")}/${v4}`;
  if (family !== 6) return address;
  const groups = keepBits(groupsOf(address), 16, v6).map((group) => group.toString(16));
  return `${parseAddress(groups.join(":"))}/${v6}`;
}

/** What may be kept of an address for people to read: too coarse to name a household (N4). */
export const COARSE = { v4: 24, v6: 48 } as const;

/** Whom to count as one client: an IPv6 subscriber has at least a /64 to pick addresses from. */
export const SUBSCRIBER = { v4: 32, v6: 64 } as const;

/** The parts, with every bit after the first `bits` cleared. */
function keepBits(parts: readonly number[], width: number, bits: number): number[] {
  return parts.map((part, index) => {
    const cleared = Math.min(Math.max((index + 1) * width - bits, 0), width);
    return (part >> cleared) << cleared;
  });
}

function groupsOf(address: string): number[] {
  const [head = "", tail] = address.split("::");
  const [before, after] = [parseGroups(head), parseGroups(tail ?? "")];
  return [...before, ...new Array(8 - before.length - after.length).fill(0), ...after];
}

function parseGroups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

// IP addresses as text: their one normal form, and the network they belong to.

import { BlockList, isIP, SocketAddress } from "node:net";

/**
 * The address in `text`, which may have a port, brackets or a zone; `null` when there is none. The result is the
 * shortest form of IPv6, and IPv4 for an IPv4 address mapped into IPv6, so that each client has one name.
 */
export function parseAddress(text: string): string | null {
  const bare = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(text)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(text)?.[1] ?? text;
  const family = isIP(bare);
  if (family === 4) return bare;
  if (family !== 6) return null;
  const { address } = new SocketAddress({ address: bare, family: "ipv6" });
  return /^::ffff:([\d.]+)$/.exec(address)?.[1] ?? address;
}

/**
 * The network of a result of `parseAddress`, such as `203.0.113.0/24`; any other text as it is. An IPv4 address that a
 * NAT64 gateway wrote into IPv6 belongs to its IPv4 network, since all of IPv4 is one /96 there.
 */
export function networkOf(address: string, { v4, v6 }: { readonly v4: number; readonly v6: number }): string {
  const family = isIP(address);
  if (family === 0) return address;
  const groups = family === 6 ? groupsOf(address) : [];
  const bytes = family === 4 ? address.split(".").map(Number) : translatedOf(groups);
  if (bytes !== null) return `${keepBits(bytes, 8, v4).join(".")}/${v4}`;
  const kept = keepBits(groups, 16, v6).map((group) => group.toString(16));
  return `${parseAddress(kept.join(":"))}/${v6}`;
}

/**
 * The bytes of the IPv4 address in one below 64:ff9b::/96 (RFC 6052) or 64:ff9b:1::/48 (RFC 8215); `null` in any other.
 */
function translatedOf(groups: readonly number[]): number[] | null {
  const [a, b, c = 0, d, e, f, high = 0, low = 0] = groups;
  const isTranslated = a === 0x64 && b === 0xff9b && (c === 1 || c + (d ?? 0) + (e ?? 0) + (f ?? 0) === 0);
  return isTranslated ? [high >> 8, high & 255, low >> 8, low & 255] : null;
}

const PRIVATE = new BlockList();
for (const [network, bits] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["127.0.0.0", 8],
] as const)
  PRIVATE.addSubnet(network, bits, "ipv4");
for (const [network, bits] of [
  ["fc00::", 7],
  ["::1", 128],
] as const)
  PRIVATE.addSubnet(network, bits, "ipv6");

/** Whether a result of `parseAddress` is of this machine or a private network, so that it identifies no subscriber. */
export function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 4 ? "ipv4" : "ipv6");
}

/** The part of an address that may be stored for people to read: too coarse to identify a household (N4). */
export const COARSE = { v4: 24, v6: 48 } as const;

/** The network that counts as one client: an IPv6 subscriber has at least a /64 to pick addresses from. */
export const SUBSCRIBER = { v4: 32, v6: 64 } as const;

/** The network that counts beside it: some providers give one IPv6 subscriber a /56, and several may share one. */
export const DELEGATED = { v4: 32, v6: 56 } as const;
export const SITE = { v4: 32, v6: 48 } as const;

/** The parts with every bit after the first `bits` cleared. */
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

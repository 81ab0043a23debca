// The slot of a key in a Cluster, of which there are 16,384.

/**
 * CRC-16 (XMODEM) of what stands between the first braces, or else of the whole key: Cluster specification, "Hash
 * tags".
 */
export function hashSlot(key: string): number {
  const [, tag = key] = /^[^{]*\{([^}]+)\}/.exec(key) ?? [];
  return Buffer.from(tag).reduce(addByte, 0) % 16_384;
}

function addByte(sum: number, byte: number): number {
  let next = sum ^ (byte << 8);
  for (let bit = 0; bit < 8; bit++) next = next & 0x8000 ? (next << 1) ^ 0x1021 : next << 1;
  return next & 0xffff;
}

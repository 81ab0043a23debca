// CRC-32 (IEEE 802.3) of ASCII text, as base62. It saves work on mistyped tokens; it is no security control.

import { BASE62 } from "./random.ts";

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The CRC-32 of the first `length` characters of `text`, an unsigned 32-bit number. */
export function crc32(text: string, length = text.length): number {
  let crc = 0xffffffff;
  for (let index = 0; index < length; index++)
    crc = (TABLE[(crc ^ text.charCodeAt(index)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** `value` as exactly six base62 digits, most significant first. */
export function sixDigits(value: number): string {
  let digits = "";
  for (let rest = value; digits.length < 6; rest = Math.floor(rest / 62)) digits = BASE62[rest % 62] + digits;
  return digits;
}

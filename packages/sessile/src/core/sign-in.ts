// The options of a sign-in, and their checks.

import { checkedText } from "./commit.ts";
import type { Core } from "./core.ts";
import { checkKey, copyJson, type Json, type JsonObject } from "./data.ts";
import { SessionError } from "./errors.ts";

/** Names the record that the new session replaces, such as one of express-session; not for applications. */
export const REPLACES: unique symbol = Symbol("sessile.replaces");

/** What a sign-in may bring along. */
export interface Arrival {
  /** The first data of the new session. */
  readonly data?: object;
  /** Keys to carry over from the session that was presented. */
  readonly keep?: readonly string[];
  /** What to show of the device in lists, at most 200 characters. */
  readonly device?: string;
  /** When the user proved who they are, in milliseconds since 1970; default now. */
  readonly authenticatedAt?: number;
  /** The sid of a record that is deleted in the same step. When another request deleted it before, there is no new session. */
  readonly [REPLACES]?: string;
}

/** The text of the first data. `present` gives the data to keep keys of, and is only asked when there are some to keep. */
export async function firstData(
  core: Core,
  { data = {}, keep = [] }: Arrival,
  present: () => JsonObject,
): Promise<string> {
  const { depth } = core.settings.limits;
  const first: Record<string, Json> = Object.create(null);
  const kept = keep.length === 0 ? {} : present();
  for (const key of keep) if (kept[key] !== undefined) first[checkKey(key)] = copyJson(kept[key], key, depth);
  for (const [key, value] of Object.entries(data)) first[checkKey(key)] = copyJson(value, key, depth);
  return checkedText(core, first);
}

/** In bytes, because ids travel in headers and in keys, percent-encoded at worst. */
const MAX_USER_ID = 256;

export function checkUserId(userId: unknown): string {
  if (userId !== "" && isText(userId, MAX_USER_ID) && Buffer.byteLength(userId) <= MAX_USER_ID) return userId;
  throw wrongText("userId", `1 to ${MAX_USER_ID} bytes in UTF-8. Convert numbers with \`String(id)\``);
}

export function checkDevice(device: unknown): string | null {
  if (device === undefined) return null;
  if (isText(device, 200)) return device;
  throw wrongText("device", "at most 200 characters");
}

function wrongText(name: string, length: string): SessionError {
  return new SessionError("ERR_SESSION_VALUE", `\`${name}\` must be well-formed text of ${length}.`);
}

export function checkAuthenticatedAt(at: number | undefined): number | undefined {
  if (at === undefined || (Number.isSafeInteger(at) && at >= 0)) return at;
  throw new SessionError(
    "ERR_SESSION_VALUE",
    "`authenticatedAt` must be a whole number of milliseconds since 1970, or 0 where nobody knows.",
  );
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most && value.isWellFormed();
}

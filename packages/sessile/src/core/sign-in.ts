// The options of a sign-in, their checks, and the start of the session that comes of them.

import { checkedText } from "./commit.ts";
import type { Core } from "./core.ts";
import { checkDataKey, copyJson, type Json, type JsonObject } from "./data.ts";
import { SessionError } from "./errors.ts";
import { checkCall, milliseconds } from "./options.ts";

/**
 * An option for this library alone: the sid of a record that is deleted in the same step, such as one of
 * express-session. When another request has deleted it before, there is no new session.
 */
export const REPLACES: unique symbol = Symbol("sessile.replaces");

/** Options of a sign-in. */
export interface SignInOptions<Data extends object> {
  /** The first data of the new session. Default: none. */
  readonly data?: Partial<Data>;
  /** Keys to carry over from the session that was presented, such as an anonymous visitor's cart. Default: none. */
  readonly keep?: readonly (keyof Data & string)[];
  /** The device, as lists of the user's sessions show it; cut after 200 characters. Default: nothing. */
  readonly device?: string;
  /**
   * When the user proved who they are, in milliseconds since 1970, where that was earlier; 0 where it is unknown, and
   * then nothing is fresh. Default: now.
   */
  readonly authenticatedAt?: number;
  /** This session ends this long after its sign-in, in ms, at most `longest.absolute`. Default: the manager's. */
  readonly absoluteTimeout?: number;
  /** This session ends after this long without activity, in ms, at most `longest.idle`. Default: the manager's. */
  readonly idleTimeout?: number;
  /**
   * False: the browser forgets the cookie when it is closed. Browsers that restore their tabs restore it too, so set
   * timeouts as well. Default true.
   */
  readonly persistent?: boolean;
}

const SIGN_IN: ReadonlySet<string> = new Set<keyof SignInOptions<object>>([
  "data",
  "keep",
  "device",
  "authenticatedAt",
  "absoluteTimeout",
  "idleTimeout",
  "persistent",
]);

/** The proof that elevates a session. */
export interface Elevation {
  /** The id of the user whose password or passkey was checked just now. Only the session's own user is accepted. */
  readonly for: string;
  /** The way they proved it, for the event `elevated`, such as `"passkey"`, at most 100 characters. Default: nothing. */
  readonly method?: string;
}

const ELEVATION: ReadonlySet<string> = new Set<keyof Elevation>(["for", "method"]);

/** The content of a new session. */
export interface Beginning {
  readonly userId: string | null;
  readonly data?: string;
  readonly device?: string | null;
  /** When the user proved who they are. Absent, or in the future by the clock of another machine: now. */
  readonly authenticatedAt?: number | undefined;
  readonly absoluteTimeout?: number | undefined;
  readonly idleTimeout?: number | undefined;
  readonly persistent?: boolean | undefined;
}

/**
 * The checked start of a sign-in. `present` returns the data to keep keys of; it is called only when there are keys to
 * keep.
 */
export async function beginningOf<Data extends object>(
  core: Core,
  userId: string,
  options: SignInOptions<Data>,
  present: () => JsonObject,
): Promise<Beginning> {
  checkCall(options, SIGN_IN);
  const { device, authenticatedAt, absoluteTimeout, idleTimeout, persistent, ...arrival } = options;
  const user = {
    userId: checkUserId(userId),
    device: checkDevice(device),
    authenticatedAt: checkAuthenticatedAt(authenticatedAt),
    absoluteTimeout: checkTimeout("absolute", absoluteTimeout, core),
    idleTimeout: checkTimeout("idle", idleTimeout, core),
    persistent: checkPersistent(persistent),
  };
  return { ...user, data: await firstData(core, arrival, present) };
}

/** The text of the first data. */
export async function firstData(
  core: Core,
  { data = {}, keep = [] }: { readonly data?: object; readonly keep?: readonly string[] },
  present: () => JsonObject,
): Promise<string> {
  const { depth } = core.settings.limits;
  const first: Record<string, Json> = Object.create(null);
  const kept = keep.length === 0 ? {} : present();
  for (const key of keep) if (kept[key] !== undefined) first[checkDataKey(key)] = copyJson(kept[key], key, depth);
  for (const [key, value] of Object.entries(data))
    if (value !== undefined) first[checkDataKey(key)] = copyJson(value, key, depth);
  return checkedText(core, first);
}

/** In bytes, because ids travel in headers and in keys, percent-encoded at worst. */
const MAX_USER_ID = 256;

export function checkUserId(userId: unknown): string {
  if (userId !== "" && isText(userId, MAX_USER_ID) && Buffer.byteLength(userId) <= MAX_USER_ID) return userId;
  throw wrongUserId();
}

/** The id of a user to look for: any text, since one that no sign-in accepts has no sessions. */
export function checkIdType(userId: unknown): void {
  if (typeof userId !== "string") throw wrongUserId();
}

function wrongUserId(): SessionError {
  return wrongText("userId", `1 to ${MAX_USER_ID} bytes in UTF-8. Convert numbers with \`String(id)\``);
}

/** Longer labels are cut: they are often the `User-Agent` of a client, whose sign-in must not fail by it. */
export function checkDevice(device: unknown): string | null {
  if (device === undefined) return null;
  if (isText(device, Number.POSITIVE_INFINITY)) return cut(device, 200);
  throw new SessionError("ERR_SESSION_VALUE", "`device` must be well-formed text.");
}

/** The first characters; each has at most two code units, and is whole. */
function cut(text: string, characters: number): string {
  return text.length <= characters ? text : [...text.slice(0, 2 * characters)].slice(0, characters).join("");
}

/** The checked proof. */
export function checkElevation(proof: Elevation): { readonly userId: string; readonly method: string | null } {
  checkCall(proof, ELEVATION);
  const { for: userId, method } = proof;
  if (method !== undefined && !isText(method, 100)) throw wrongText("method", "at most 100 characters");
  return { userId: checkUserId(userId), method: method ?? null };
}

function checkAuthenticatedAt(at: number | undefined): number | undefined {
  if (at === undefined || (Number.isSafeInteger(at) && at >= 0)) return at;
  throw new SessionError(
    "ERR_SESSION_VALUE",
    "`authenticatedAt` must be a whole number of milliseconds since 1970, or 0 where it is unknown.",
  );
}

function checkTimeout(kind: "absolute" | "idle", timeout: number | undefined, { settings }: Core): number | undefined {
  if (timeout === undefined) return undefined;
  const longest = settings.longest[kind];
  const [accepts, expected] = milliseconds(1, longest);
  if (accepts(timeout)) return timeout;
  const limit = `${longest} ms is the manager's \`longest.${kind}\``;
  throw new SessionError("ERR_SESSION_VALUE", `\`${kind}Timeout\` must be ${expected}: ${limit}.`);
}

function checkPersistent(persistent: unknown): boolean | undefined {
  if (persistent === undefined || typeof persistent === "boolean") return persistent;
  throw new SessionError("ERR_SESSION_VALUE", "`persistent` must be true or false.");
}

function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length <= most && value.isWellFormed();
}

function wrongText(name: string, length: string): SessionError {
  return new SessionError("ERR_SESSION_VALUE", `\`${name}\` must be well-formed text of ${length}.`);
}

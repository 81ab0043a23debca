// The names of the store's keys, and the check that a newer release has not laid them out differently.

import { hash } from "node:crypto";
import { failure, type RedisLink } from "./link.ts";

/** The layout that this release reads and writes. No release was published that wrote layout 1. */
const LAYOUT = "2";

export class RedisKeys {
  readonly layout: string;
  /** The channel on which processes publish the sids of sessions that ended. */
  readonly ended: string;
  /** Starts the keys by which a cache proves that changes are reported to it. */
  readonly beat: string;
  /** The beginning of sessions' keys in Redis, where the client's own prefix stands before the store's. */
  readonly stored: string;
  readonly #prefix: string;

  constructor(prefix: string, clientPrefix = "") {
    this.#prefix = prefix;
    this.stored = clientPrefix + this.session("");
    this.beat = `${prefix}b:`;
    this.layout = `${prefix}layout`;
    this.ended = `${prefix}ended`;
  }

  session(sid: string): string {
    return `${this.#prefix}s:${sid}`;
  }

  /** A digest, so that no user id can choose a key or a Cluster slot; of UTF-16, so that no two ids share one. */
  user(userId: string): string {
    return `${this.#prefix}u:${hash("sha256", Buffer.from(userId, "utf16le"), "base64url")}`;
  }
}

/**
 * Claims an empty Redis for this layout. Fails with `ERR_SESSION_STORE`, and writes nothing, where another is in use.
 */
export async function checkLayout(link: RedisLink, { layout }: RedisKeys): Promise<void> {
  if ((await link.send(layout, ["SET", layout, LAYOUT, "NX"])) === "OK") return;
  if ((await link.send(layout, ["GET", layout])) === LAYOUT) return;
  throw failure(
    `\`${layout}\` in Redis is not \`${LAYOUT}\`: another release of sessile keeps its sessions there. Use that, or another \`prefix\`.`,
  );
}

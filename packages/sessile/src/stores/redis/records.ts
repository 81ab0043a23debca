// The steps on the record of one session. Which step follows which is decided by create, commit, list and revoke.

import type { SessionRecord } from "../../core/record.ts";
import { encodeRecord } from "../network/codec.ts";
import type { RedisKeys } from "./keys.ts";
import { failure, isAnswer, type RedisLink } from "./link.ts";
import { CLOCK_MARGIN, DISCARD, INSERT, REPLACE } from "./scripts.ts";

/** Stands for a value of another type: a text that no record has. */
const NO_TEXT = "?";

export type Replaced = readonly ["written"] | readonly ["absent"] | readonly ["changed", string];

/** `load`, `take` and `remove` are the seam at which strict sign-out differs, see `strict/`. */
export class Records {
  readonly link: RedisLink;
  readonly keys: RedisKeys;

  constructor(link: RedisLink, keys: RedisKeys) {
    this.link = link;
    this.keys = keys;
  }

  /** The stored text; `null` when there is none. */
  async read(sid: string, endsAt?: number): Promise<string | null> {
    const key = this.keys.session(sid);
    try {
      return (await this.link.send(key, ["GET", key], endsAt)) as string | null;
    } catch (error) {
      if (isAnswer(error, "WRONGTYPE")) return NO_TEXT;
      throw error;
    }
  }

  /** The same for a request. */
  load(sid: string): Promise<string | null> {
    return this.read(sid);
  }

  async isAbsent(sid: string): Promise<boolean> {
    const key = this.keys.session(sid);
    return Number(await this.link.send(key, ["EXISTS", key])) === 0;
  }

  /** Stores the record. False when its sid is taken. */
  async insert(record: SessionRecord): Promise<boolean> {
    const args = [encodeRecord(record), removedAt(record)];
    const answer = await this.link.run(INSERT, this.keys.session(record.sid), args);
    if (answer === "dropped") throw dropped();
    return answer === "inserted";
  }

  /** Stores `next` where the stored text still begins with `beginning`; otherwise answers with what is there. */
  async replace(beginning: string, next: SessionRecord, endsAt: number): Promise<Replaced> {
    const args = [beginning, encodeRecord(next), removedAt(next)];
    const answer = await this.link.run(REPLACE, this.keys.session(next.sid), args, endsAt);
    if ((answer as readonly unknown[])[0] === "dropped") throw dropped();
    return answer as Replaced;
  }

  /** Deletes the record and gives back its text; `null` when there was none. */
  async take(sid: string): Promise<string | null> {
    const key = this.keys.session(sid);
    try {
      return await this.takeText(key);
    } catch (error) {
      if (!isAnswer(error, "WRONGTYPE")) throw error;
    }
    return Number(await this.end(key, ["DEL", key])) === 1 ? NO_TEXT : null;
  }

  /** Deletes the record. True when it was there. */
  async remove(sid: string): Promise<boolean> {
    const key = this.keys.session(sid);
    return Number(await this.end(key, ["DEL", key])) === 1;
  }

  /** Deletes the record where it is still `text`. True when it was. */
  async discard(sid: string, text: string): Promise<boolean> {
    return Number(await this.link.run(DISCARD, this.keys.session(sid), [text])) === 1;
  }

  close(): void {}

  protected async takeText(key: string): Promise<string | null> {
    return (await this.end(key, ["GETDEL", key])) as string | null;
  }

  /** Sends a command that ends what `key` holds. */
  protected end(key: string, args: readonly string[]): Promise<unknown> {
    return this.link.send(key, args);
  }
}

function removedAt({ expiresAt }: SessionRecord): string {
  return String(expiresAt + CLOCK_MARGIN);
}

/** Without this, every sign-in would be acknowledged and gone. */
function dropped(): Error {
  return failure(
    "Redis dropped the session as it was stored: by its clock the session is over. Set both clocks by NTP.",
  );
}

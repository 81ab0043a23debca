// Strict sign-out: a session has ended when replicas have confirmed it, and not before.

import type { RedisKeys } from "../keys.ts";
import type { RedisLink } from "../link.ts";
import type { RedisPort } from "../port.ts";
import { Records } from "../records.ts";
import { Confirmation } from "./confirmation.ts";

/**
 * Stands for a record from the moment at which it is ended until replicas have confirmed that: no session, but no end
 * that a client may be sure of. Without it, a second process would find nothing, and call a sign-out done that a
 * failover undoes.
 */
const ENDING = "";

export class StrictRecords extends Records {
  readonly #confirmation: Confirmation;

  constructor(link: RedisLink, keys: RedisKeys, port: RedisPort, replicas: number) {
    super(link, keys);
    this.#confirmation = new Confirmation(port, link, replicas);
  }

  /**
   * A sign-out that was refused as unconfirmed is tried again by its client, who must not find "no session" and be
   * content.
   */
  override async load(sid: string): Promise<string | null> {
    const text = await this.read(sid);
    return text === ENDING ? this.take(sid) : text;
  }

  override async remove(sid: string): Promise<boolean> {
    return (await this.take(sid)) !== null;
  }

  override close(): void {
    this.#confirmation.close();
  }

  protected override async takeText(key: string): Promise<string | null> {
    const text = await this.end(key, ["SET", key, ENDING, "XX", "KEEPTTL", "GET"]);
    // The replicas have confirmed it, so it can go; should this fail, the key goes when its time is up.
    if (text !== null) await this.link.send(key, ["DEL", key]).catch(() => {});
    return text === ENDING ? null : (text as string | null);
  }

  protected override end(key: string, args: readonly string[]): Promise<unknown> {
    return this.#confirmation.run(key, args);
  }
}

// Deletes that count only when replicas have confirmed them: the command and `WAIT` on one connection, or an error. `WAIT` raises the
// odds that a failover keeps a delete; it does not make Redis consistent, because the promoted replica may be another one.
//
// The connection is the store's own: `WAIT` holds up whatever stands behind it, and on another connection than the delete's it
// answers for other writes. One batch is under way at a time, and what comes meanwhile goes together in the next; so a replica
// that lags costs one wait for all.

import { setTimeout as pause } from "node:timers/promises";
import { failure, type RedisLink } from "./link.ts";
import type { Together } from "./together.ts";

interface Waiting {
  readonly key: string;
  readonly args: readonly string[];
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class ConfirmedDeletes {
  readonly #together: Together;
  readonly #link: RedisLink;
  readonly #replicas: number;
  readonly #timeout: number;
  readonly #waiting = new Set<Waiting>();
  #isWorking = false;

  /** `link` for its deadline, of which replicas get four fifths. */
  constructor(together: Together, link: RedisLink, replicas: number) {
    this.#together = together;
    this.#link = link;
    this.#replicas = replicas;
    this.#timeout = Math.ceil(link.deadline * 0.8);
  }

  /** Sends a command that ends what `key` holds. Its reply; fails when too few replicas confirmed in time, although it may be done. */
  async run(key: string, args: readonly string[]): Promise<unknown> {
    let mine: Waiting | undefined;
    const send = () =>
      new Promise<unknown>((resolve, reject) => {
        mine = { key, args, resolve, reject };
        this.#waiting.add(mine);
        void this.#work();
      });
    try {
      return await this.#link.through(send, args);
    } finally {
      if (mine !== undefined) this.#waiting.delete(mine); // whoever was told that it failed is not served later
    }
  }

  close(): void {
    this.#together.close();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    while (this.#waiting.size > 0) await this.#next().catch((error) => this.#fail(error));
    this.#isWorking = false;
  }

  async #next(): Promise<void> {
    await this.#soon(this.#together.connect());
    const batch = [...this.#waiting];
    this.#waiting.clear();
    const groups = this.#together.isOneNode ? [batch] : batch.map((each) => [each]);
    await this.#soon(Promise.all(groups.map((group) => this.#send(group))));
  }

  /** Waits no longer than anybody who is being served would. */
  async #soon(work: Promise<unknown>): Promise<void> {
    const timer = new AbortController();
    const deadline = pause(this.#link.deadline, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([work, deadline]).finally(() => timer.abort());
  }

  async #send(group: readonly Waiting[]): Promise<void> {
    const wait = ["WAIT", String(this.#replicas), String(this.#timeout)];
    try {
      const key = group[0]?.key ?? "";
      const replies = await this.#together.send(key, [...group.map(({ args }) => args), wait]);
      const confirmed = Number(replies.at(-1));
      for (const [i, { resolve, reject }] of group.entries()) {
        if (confirmed >= this.#replicas) resolve(replies[i]);
        else reject(this.#unconfirmedBy(confirmed));
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  #unconfirmedBy(count: number): Error {
    return failure(
      `The session was deleted but not confirmed: ${count} of ${this.#replicas} replicas answered within ${this.#timeout} ms.`,
    );
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }
}

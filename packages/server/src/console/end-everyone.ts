// Ends the sessions of everybody that there are when it starts: in the background, page by page. Knows no route.

import { setImmediate as letOthersRun } from "node:timers/promises";
import type { SessionInfo, SessionManager } from "sessile";
import type { Ending } from "./api.ts";

const PAGE = 200;

export class EndEveryone {
  readonly #manager: SessionManager;
  #state: Ending = { isRunning: false, ended: 0, hasFailed: false };

  constructor(manager: SessionManager) {
    this.#manager = manager;
  }

  get state(): Ending {
    return this.#state;
  }

  /** How many sessions ended. Rejects when the store failed, and then some are left. `null` when it runs already. */
  async run(): Promise<number | null> {
    if (this.#state.isRunning) return null;
    this.#state = { isRunning: true, ended: 0, hasFailed: false };
    try {
      await this.#walk();
    } catch (error) {
      this.#state = { ...this.#state, hasFailed: true };
      throw error;
    } finally {
      this.#state = { ...this.#state, isRunning: false };
    }
    return this.#state.ended;
  }

  async #walk(): Promise<void> {
    let after: string | null = null;
    do {
      const { sessions, next } = await this.#manager.listAll({ limit: PAGE, ...(after !== null && { after }) });
      await this.#end(sessions);
      after = next;
      await letOthersRun(); // a store in memory answers before anybody else gets a turn
    } while (after !== null);
  }

  /** All of a page at once: a store that groups its writes then writes to its disk once. A user's other sessions go along. */
  async #end(sessions: readonly SessionInfo[]): Promise<void> {
    const users = new Set(sessions.map(({ userId }) => userId).filter((userId) => userId !== null));
    const nobodys = sessions.filter(({ userId }) => userId === null);
    const counts = await Promise.all([
      ...[...users].map((userId) => this.#manager.revokeUser(userId)),
      ...nobodys.map(async ({ sid }) => Number(await this.#manager.revoke(sid))),
    ]);
    const ended = this.#state.ended + counts.reduce((sum, count) => sum + count, 0);
    this.#state = { ...this.#state, ended };
  }
}

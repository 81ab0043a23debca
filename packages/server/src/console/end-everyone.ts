// Ends all sessions that exist when it starts: in the background, page by page.

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

  /**
   * Resolves to the number of ended sessions, or `null` when a run is under way. Rejects when the store failed, and
   * then some sessions are left.
   */
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
      await letOthersRun(); // a store in memory answers without giving other work a turn
    } while (after !== null);
  }

  /**
   * Ends a whole page at once, so that a store that groups its writes writes to its disk once. A user's other sessions
   * end too.
   */
  async #end(sessions: readonly SessionInfo[]): Promise<void> {
    const users = new Set(sessions.map(({ userId }) => userId).filter((userId) => userId !== null));
    const anonymous = sessions.filter(({ userId }) => userId === null);
    const counts = await Promise.all([
      ...[...users].map((userId) => this.#manager.revokeUser(userId)),
      ...anonymous.map(async ({ sid }) => Number(await this.#manager.revoke(sid))),
    ]);
    const ended = this.#state.ended + counts.reduce((sum, count) => sum + count, 0);
    this.#state = { ...this.#state, ended };
  }
}

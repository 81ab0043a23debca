// Records the actions of the admin page in the audit and in the log, before and after each.

import type { SecurityLog } from "../http/log/security-log.ts";
import type { AuditAction, AuditOutcome } from "./api.ts";
import type { AuditLog } from "./audit-log.ts";

/** An action of an administrator. `actor` is a name. */
export interface Act {
  readonly actor: string;
  readonly action: AuditAction;
  /** A sid, or a user's name or id. */
  readonly target?: string;
}

const EVENTS = { done: "adminActed", refused: "adminRefused", failed: "adminFailed" } as const;

export class Audit {
  readonly #audit: AuditLog;
  readonly #security: SecurityLog;

  constructor(audit: AuditLog, security: SecurityLog) {
    this.#audit = audit;
    this.#security = security;
  }

  /** Records an action without an effect to wait for. */
  note({ target = "", ...act }: Act, outcome: "done" | "refused"): void {
    this.#audit.add({ ...act, target, outcome });
    this.#tell({ ...act, target }, outcome, null);
  }

  /**
   * Runs `work`, which returns the number of sessions it ended, if it ends any. The entry is written first: without it
   * nothing is done, and an act that a crash interrupts stays in the audit as `begun`.
   */
  async run<Ended extends number | null>({ target = "", ...act }: Act, work: () => Promise<Ended>): Promise<Ended> {
    const id = this.#audit.add({ ...act, target, outcome: "begun" });
    const finish = (outcome: "done" | "failed", ended: number | null): void => {
      this.#tell({ ...act, target }, outcome, ended);
      this.#audit.finish(id, outcome, ended);
    };
    try {
      const ended = await work();
      finish("done", ended);
      return ended;
    } catch (error) {
      finish("failed", null);
      throw error;
    }
  }

  #tell({ actor, action, target = "" }: Act, outcome: Exclude<AuditOutcome, "begun">, ended: number | null): void {
    const details = { actor: `admin:${actor}`, action, ...(target && { target }), ...(ended !== null && { ended }) };
    this.#security.write(EVENTS[outcome], details);
  }
}

// Writes down what is done on the admin page, before and after it is done, in the audit and in the log. Knows no route.

import type { SecurityLog } from "../http/log/security-log.ts";
import type { AuditAction, AuditOutcome } from "./api.ts";
import type { AuditLog } from "./audit-log.ts";

/** Something that an administrator does. `actor` is a name. */
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

  /** Notes what has no effect to wait for. */
  note({ target = "", ...act }: Act, outcome: "done" | "refused"): void {
    this.#audit.add({ ...act, target, outcome });
    this.#tell({ ...act, target }, outcome, null);
  }

  /**
   * Does `work`, which says how many sessions it ended, if that is what it does. It is written down first: where the audit cannot be
   * written nothing is done, and an act that a crash cuts off is in it as `begun`.
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

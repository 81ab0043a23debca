// The audit of commands that change users or keys: an entry before the change, and its outcome after it.

import type { AuditAction } from "../console/api.ts";
import { AuditLog } from "../console/audit-log.ts";
import type { UserFile } from "../identity/users/user-file.ts";

/**
 * Runs `work`, or nothing when the audit cannot be written. A change that a crash interrupts stays in the audit as
 * `begun`.
 */
export function audited<T>(file: UserFile, action: AuditAction, target: string, work: () => T): T {
  const audit = new AuditLog(file);
  const id = audit.add({ actor: "command line", action, target, outcome: "begun" });
  try {
    const value = work();
    audit.finish(id, "done", null);
    return value;
  } catch (error) {
    audit.finish(id, "failed", null);
    throw error;
  }
}

// What a command does to users and keys, written into the audit before and after it is done.

import type { AuditAction } from "../console/api.ts";
import { AuditLog } from "../console/audit-log.ts";
import type { UserFile } from "../identity/users/user-file.ts";

/** Does `work`. Where the audit cannot be written nothing is done, and what a crash cuts off is in it as `begun`. */
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

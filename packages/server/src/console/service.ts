// The parts of the admin page, opened and closed together.

import { cookieTransport, type SessionManager } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import { ADMIN_COOKIE } from "../config/cookie.ts";
import { describeError } from "../http/log/describe-error.ts";
import { GuardedManager } from "../http/log/observed-manager.ts";
import type { SecurityLog } from "../http/log/security-log.ts";
import type { EventFeed } from "../http/metrics/event-feed.ts";
import type { Metrics } from "../http/metrics/metrics.ts";
import type { SignInService } from "../identity/sign-in/service.ts";
import { openUserFile } from "../identity/users/user-file.ts";
import { adminSessionsPath } from "../identity/users/users-path.ts";
import type { Readiness } from "../store/readiness.ts";
import { Audit } from "./audit.ts";
import { AuditLog } from "./audit-log.ts";
import { EndEveryone } from "./end-everyone.ts";
import { Recorder } from "./live/recorder.ts";
import { Watchers } from "./live/watchers.ts";
import { Names } from "./names.ts";
import { readPageFiles } from "./page/page-files.ts";
import type { AdminParts } from "./parts.ts";

const MINUTE = 60_000;

export interface AdminOptions {
  readonly manager: SessionManager;
  readonly service: SignInService;
  readonly security: SecurityLog;
  readonly metrics: Metrics;
  readonly feed: EventFeed;
  readonly readiness: Readiness;
  /** The path of the file of users. */
  readonly users: string;
  /** The store's name, without passwords. */
  readonly store: string;
  /** Origins beside the page's own whose pages may act with its cookie. */
  readonly trustedOrigins?: readonly string[];
  /** The clock of the administrators' sessions and of the audit. */
  readonly clock?: () => number;
}

export interface AdminService extends AdminParts {
  readonly close: () => Promise<void>;
}

/** Throws `UsageError` when the pages are not built or a file cannot be opened. */
export async function openAdmin(options: AdminOptions): Promise<AdminService> {
  const { manager, service, security, metrics, feed, readiness, users, store, clock } = options;
  const files = readPageFiles();
  const file = openUserFile(users, { synchronous: "FULL" });
  const auditLog = new AuditLog(file, clock);
  const names = new Names(service.users);
  const recorder = new Recorder({
    counted: () => metrics.snapshot(),
    stats: () => manager.stats(),
    isStoreUp: () => readiness.isStoreUp(),
  });
  const own = ownSessions(options);
  await recorder.start();
  return {
    ...{ manager, own, service, security, auditLog, names, recorder, feed, files, store },
    audit: new Audit(auditLog, security),
    watchers: new Watchers({ recorder, feed, nameOf: names.of }),
    everyone: new EndEveryone(manager),
    close: async () => {
      recorder.stop();
      await own.close();
      file.close();
    },
  };
}

/**
 * A separate file keeps them apart from users' sessions: neither kind of token can be made into the other, no list or
 * revocation of users' sessions includes them, and the page works while the users' store does not.
 */
function ownSessions({ users, security, clock = Date.now, trustedOrigins = [] }: AdminOptions): SessionManager {
  const own = new GuardedManager(
    {
      store: sqliteStore({ path: adminSessionsPath(users) }),
      transports: [cookieTransport({ name: ADMIN_COOKIE, sameSite: "Strict", trustedOrigins })],
      tokenPrefix: "adm_",
      idleTimeout: 30 * MINUTE,
      absoluteTimeout: 8 * 60 * MINUTE,
      clock,
    },
    security,
  );
  own.on("storeFailed", ({ operation, error }) => {
    security.write("storeFailed", { actor: "server", operation, reason: describeError(error) });
  });
  return own;
}

// The parts that the routes of the admin page share. Types only.

import type { SessionManager } from "sessile";
import type { SecurityLog } from "../http/log/security-log.ts";
import type { EventFeed } from "../http/metrics/event-feed.ts";
import type { SignInService } from "../identity/sign-in/service.ts";
import type { Audit } from "./audit.ts";
import type { AuditLog } from "./audit-log.ts";
import type { EndEveryone } from "./end-everyone.ts";
import type { Recorder } from "./live/recorder.ts";
import type { Watchers } from "./live/watchers.ts";
import type { Names } from "./names.ts";
import type { PageFiles } from "./page/page-files.ts";

export interface AdminParts {
  /** The sessions that the page shows. */
  readonly manager: SessionManager;
  /** The administrators' own sessions: in a separate file, so that no other token opens them and no list shows them. */
  readonly own: SessionManager;
  readonly service: SignInService;
  readonly security: SecurityLog;
  readonly audit: Audit;
  readonly auditLog: AuditLog;
  readonly names: Names;
  readonly recorder: Recorder;
  readonly feed: EventFeed;
  readonly watchers: Watchers;
  readonly everyone: EndEveryone;
  readonly files: PageFiles;
  /** The store's name, without passwords. */
  readonly store: string;
}

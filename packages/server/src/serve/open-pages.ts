// The pages that the settings ask for, each on its listener.

import { cookieTransport } from "sessile";
import type { SessionStore } from "sessile/store";
import { type Config, lifetimesOf } from "../config/config.ts";
import type { Digests } from "../config/token-keys.ts";
import { UsageError } from "../config/usage-error.ts";
import type { AccountParts } from "../console/account-routes.ts";
import { readPageFiles } from "../console/page/page-files.ts";
import type { AdminParts } from "../console/parts.ts";
import { openAdmin } from "../console/service.ts";
import { ObservedManager } from "../http/log/observed-manager.ts";
import type { SecurityLog } from "../http/log/security-log.ts";
import type { EventFeed } from "../http/metrics/event-feed.ts";
import type { Metrics } from "../http/metrics/metrics.ts";
import type { SignInService } from "../identity/sign-in/service.ts";
import type { Readiness } from "../store/readiness.ts";

export interface PagesParts {
  readonly digests: Digests;
  readonly manager: ObservedManager;
  readonly store: SessionStore;
  /** The name of the store, without passwords. */
  readonly name: string;
  readonly security: SecurityLog;
  readonly metrics: Metrics;
  readonly feed: EventFeed;
  readonly readiness: Readiness;
  readonly signIn: SignInService | null;
  /** The path of the file of users; `null` for the demo. */
  readonly users: string | null;
}

export interface Pages {
  /** Pages on the main listener. */
  readonly here: { readonly admin?: AdminParts; readonly account?: AccountParts };
  /** The admin page on a listener of its own. */
  readonly elsewhere: AdminParts | null;
  readonly close: () => Promise<void>;
}

/** Throws `UsageError` for a page that no user could sign in to. */
export function checkPages({ admin, account }: Config, users: string | null): void {
  if (users !== null || !(admin || account)) return;
  const [option, command] = admin
    ? ["--admin", "sessile users add NAME --admin"]
    : ["--account", "sessile users add NAME"];
  throw new UsageError(`${option} needs users, and there are none. Make one with \`${command}\`.`);
}

export async function openPages(config: Config, parts: PagesParts): Promise<Pages> {
  const { signIn, users } = parts;
  if (signIn === null || users === null) return { here: {}, elsewhere: null, close: async () => {} };
  const account = config.account ? openAccount(config, parts, signIn) : null;
  const admin = config.admin ? await openAdminFor(config, parts, { signIn, users }) : null;
  const isElsewhere = config.adminListen !== null;
  return {
    here: { ...(account && { account }), ...(admin && !isElsewhere && { admin }) },
    elsewhere: isElsewhere ? admin : null,
    close: async () => admin?.close(),
  };
}

function openAdminFor(
  { trustedOrigins }: Config,
  { name, signIn: _, ...parts }: PagesParts,
  { signIn, users }: { readonly signIn: SignInService; readonly users: string },
): ReturnType<typeof openAdmin> {
  return openAdmin({ ...parts, service: signIn, users, store: name, trustedOrigins });
}

/** The same sessions through another transport. Closing it has no effect: the store belongs to the other manager. */
function openAccount(config: Config, { store, security, digests }: PagesParts, service: SignInService): AccountParts {
  const { cookie, trustedOrigins } = config;
  const transport = cookieTransport({ ...cookie, trustedOrigins });
  const settings = { store, transports: [transport], ...lifetimesOf(config), ...digests, sweepInterval: 0 };
  const manager = new ObservedManager(settings, security);
  return { manager, cookie: transport, service, security, files: readPageFiles() };
}

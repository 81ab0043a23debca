// Ends the demo's sessions before real users sign in on the same store.

import type { SessionManager } from "sessile";
import type { SessionStore } from "sessile/store";

/** The user of the demo. No user in the file has this id, but an application with an API key may have a user 1 too. */
export const DEMO_USER_ID = "1";

/** The demo's sessions are therefore recognised by their data. */
export async function endDemoSessions(store: Pick<SessionStore, "list">, manager: SessionManager): Promise<void> {
  let after: string | undefined;
  do {
    const { records, next } = await store.list(DEMO_USER_ID, after === undefined ? {} : { after });
    for (const { sid } of records.filter(({ data }) => isDemo(data)))
      await manager.revoke(sid, { userId: DEMO_USER_ID });
    after = next ?? undefined;
  } while (after !== undefined);
}

function isDemo(data: string): boolean {
  return (JSON.parse(data) as { demo?: unknown }).demo === true;
}

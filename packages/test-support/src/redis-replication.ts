// The check whether replicas have the data of their primaries.

import { parseInfo } from "./redis-ask.ts";
import type { RedisServer } from "./redis-server.ts";

/**
 * Whether each replica among these nodes has everything that its primary had at the time of the call. Replication is
 * asynchronous, and a primary may make a new replica wait for a second while both report the link as "up".
 */
export async function isReplicated(nodes: readonly RedisServer[]): Promise<boolean> {
  const primaries = (await infosOf(nodes)).filter(({ role }) => role === "master");
  const hasAll = (own: Record<string, string>) =>
    own["master_link_status"] === "up" &&
    primaries.some(
      (primary) =>
        primary["master_replid"] === own["master_replid"] &&
        Number(own["slave_repl_offset"]) >= Number(primary["master_repl_offset"]),
    );
  return (await infosOf(nodes)).filter(({ role }) => role === "slave").every(hasAll);
}

function infosOf(nodes: readonly RedisServer[]): Promise<Record<string, string>[]> {
  return Promise.all(nodes.map(async (node) => parseInfo(await node.ask("INFO", "replication"))));
}

// Moves a slot of a Cluster from one primary to another; tests can act in the middle.

import type { RedisServer } from "./redis-server.ts";
import { waitUntil } from "./wait-until.ts";

/** Moves a slot as `redis-cli --cluster reshard` does; calls `halfway` when one key has moved. */
export async function moveSlot(
  slot: number,
  from: RedisServer,
  to: RedisServer,
  nodes: readonly RedisServer[],
  halfway: () => Promise<void>,
): Promise<void> {
  const [fromId, toId] = [await from.ask("CLUSTER", "MYID"), await to.ask("CLUSTER", "MYID")].map(String);
  await to.ask("CLUSTER", "SETSLOT", String(slot), "IMPORTING", String(fromId));
  await from.ask("CLUSTER", "SETSLOT", String(slot), "MIGRATING", String(toId));
  await moveKeys(slot, from, to, 1);
  await halfway();
  while (await moveKeys(slot, from, to, 100));
  await waitUntil("all know who has the slot", async () => {
    for (const node of [to, from, ...nodes.filter((other) => other !== to && other !== from)]) {
      // A replica refuses the command, and learns of the move from its primary.
      await node.ask("CLUSTER", "SETSLOT", String(slot), "NODE", String(toId)).catch(() => {});
    }
    return (await Promise.all(nodes.map((node) => ownerOf(slot, node)))).every((port) => port === to.port);
  });
}

async function ownerOf(slot: number, seenBy: RedisServer): Promise<number | undefined> {
  const ranges = (await seenBy.ask("CLUSTER", "SLOTS")) as unknown as [number, number, [string, number]][];
  return ranges.find(([first, last]) => first <= slot && slot <= last)?.[2][1];
}

/** Moves some keys of a slot. False when there was none. */
async function moveKeys(slot: number, from: RedisServer, to: RedisServer, most: number): Promise<boolean> {
  const keys = (await from.ask("CLUSTER", "GETKEYSINSLOT", String(slot), String(most))) as readonly string[];
  if (keys.length > 0) await from.ask("MIGRATE", "127.0.0.1", String(to.port), "", "0", "60000", "KEYS", ...keys);
  return keys.length > 0;
}

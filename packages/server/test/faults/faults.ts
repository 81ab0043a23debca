// Everything that is made to go wrong, and how, on each kind of store. Knows no workload and judges nothing.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseInfo } from "sessile-test-support/redis-ask";
import type { RedisServer } from "sessile-test-support/redis-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { holdLock } from "./lock.ts";
import type { Place, PlaceOptions, RedisNodes } from "./places.ts";
import { ask, shiftAll } from "./workload.ts";

/** The servers and files that a fault can act on. */
export interface Scene extends Place {
  readonly redis: RedisNodes;
  readonly disk: string;
  /** A token of a session that lives now. */
  liveToken(): string | undefined;
}

/** Causes the fault. The returned function repairs it. */
export type Begin = (scene: Scene) => Promise<Undo> | Undo;
type Undo = () => unknown;

export interface Fault {
  readonly begin: Begin;
  /** How long it lasts, in milliseconds, once it has begun. */
  readonly lasts: number;
  readonly options?: PlaceOptions;
  /** Done before anything runs. */
  readonly prepare?: (scene: Scene) => Promise<void>;
  readonly needsDisk?: boolean;
}

const first = <T>(all: readonly T[]): T => all[0] as T;
/** A primary. If it falls silent, it is to be replaced soon. */
const victimOf = async ({ redis }: Scene): Promise<RedisServer> => {
  await redis.replaceSoon();
  return first(await redis.primaries());
};

const PRIMARIES = 3;

/** If there is a standby. */
async function untilTakenOver({ redis }: Scene, former: RedisServer): Promise<void> {
  await redis.group?.untilTakenOver(former);
  if (redis.cluster === null) return;
  await waitUntil("a replica has taken over", async () => (await redis.primaries()).length === PRIMARIES);
}

export const appKilled: Fault = {
  begin: async ({ apps }) => {
    await first(apps).kill();
    return () => first(apps).start();
  },
  lasts: 1000,
};

export const appFrozen: Fault = {
  begin: ({ apps }) => {
    first(apps).pause();
    return () => first(apps).resume();
  },
  lasts: 1500,
};

/** Stays dead until another node has taken over, if there is one. */
export const redisKilled: Fault = {
  begin: async (scene) => {
    const victim = await victimOf(scene);
    await victim.kill();
    await untilTakenOver(scene, victim);
    return async () => {
      await victim.restart();
      await scene.redis.untilWhole();
    };
  },
  lasts: 1500,
};

export const redisFrozen: Fault = {
  begin: async (scene) => {
    const victim = await victimOf(scene);
    victim.pause();
    return async () => {
      victim.resume();
      await scene.redis.untilWhole();
    };
  },
  lasts: 4000,
};

export const resetInsideAnswers: Fault = {
  begin: ({ redis }) => {
    const timer = setInterval(() => {
      for (const proxy of redis.proxies) proxy.resetInsideAnswer(Math.floor(Math.random() * 60));
    }, 150);
    return () => {
      clearInterval(timer);
      for (const proxy of redis.proxies) proxy.restore();
    };
  },
  lasts: 2500,
};

/** Some answers come in time and some do not. */
export const slow: Fault = {
  begin: ({ redis }) => {
    for (const proxy of redis.proxies) proxy.delay(() => Math.random() * 500);
    return () => redis.proxies.map((proxy) => proxy.restore());
  },
  lasts: 3000,
};

export const refused: Fault = {
  begin: async ({ redis }) => {
    await Promise.all(redis.proxies.map((proxy) => proxy.refuse()));
    return () => Promise.all(redis.proxies.map((proxy) => proxy.accept()));
  },
  lasts: 2500,
};

/** It becomes the replica of a server that never answers. Sentinels that notice let another take over. */
export const readOnly: Fault = {
  begin: async (scene) => {
    const victim = await victimOf(scene);
    await victim.ask("REPLICAOF", "127.0.0.1", String(victim.port));
    return async () => {
      if (scene.redis.group === null || (await victimOf(scene)) === victim) await victim.ask("REPLICAOF", "NO", "ONE");
      await scene.redis.untilWhole();
    };
  },
  lasts: 3000,
};

/** Killed, started at once, and busy with reading its file for a while. */
export const loading: Fault = {
  options: {
    redisArgs: [
      ...["--appendonly", "yes", "--key-load-delay", "700", "--loading-process-events-interval-bytes", "1024"],
    ],
  },
  prepare: fill,
  begin: async (scene) => {
    const victim = await victimOf(scene);
    const restarting = victim.kill().then(() => victim.restart());
    return async () => {
      await restarting;
      await scene.redis.untilWhole();
    };
  },
  lasts: 500,
};

const FILLER = "for i = 1, 4000 do redis.call('SET', KEYS[1] .. i, string.rep('x', 50)) end return 1";

/**
 * Gives each primary so much to read that its start takes seconds. A node of a Cluster takes keys of its own slots
 * only.
 */
async function fill({ redis }: Scene): Promise<void> {
  for (const node of await redis.primaries()) {
    const tags = Array.from({ length: 200 }, (_, i) => `filler:{${i}}:`);
    for (const tag of tags) if (await node.ask("EVAL", FILLER, "1", tag).then(Boolean, () => false)) break;
    await waitUntil("its file may be written anew", async () =>
      String(await node.ask("BGREWRITEAOF")).includes("started"),
    );
    await waitUntil("the file is written anew", async () => {
      return parseInfo(await node.ask("INFO", "persistence"))["aof_rewrite_in_progress"] === "0";
    });
  }
}

export const outOfMemory: Fault = {
  begin: async ({ redis }) => {
    const limit = async (bytes: string) =>
      Promise.all(redis.all.map((node) => node.ask("CONFIG", "SET", "maxmemory", bytes)));
    await limit("1");
    return () => limit("0");
  },
  lasts: 2500,
};

/** A primary and its replica are silent, and the rest will not serve a part. */
export const clusterDown: Fault = {
  begin: async ({ redis }) => {
    await redis.replaceSoon();
    const primary = first(await redis.primaries());
    const [, , ...others] = (await primary.ask("ROLE")) as unknown as [string, number, ...[[string, string][]]];
    const ports = [primary.port, ...others.flat().map(([, port]) => Number(port))];
    const silent = redis.all.filter(({ port }) => ports.includes(port));
    for (const node of silent) node.pause();
    return async () => {
      for (const node of silent) node.resume();
      await redis.untilWhole();
    };
  },
  lasts: 4000,
};

/** In good order, twice, under load. */
export const failover: Fault = {
  begin: async (scene) => {
    const { group, cluster } = scene.redis;
    for (let i = 0; i < 2; i++) {
      await group?.failOver();
      await cluster?.failOver(`sessile:s:${scene.liveToken()?.slice(4, 26)}`);
    }
    return () => {};
  },
  lasts: 0,
};

const LAG = 1200;

/** Beyond the promises of Redis itself: replicas receive nothing for a while, then the primary dies. */
export const failoverBehind: Fault = {
  begin: async (scene) => {
    const victim = first(await scene.redis.primaries());
    await victim.ask("ACL", "SETUSER", "default", "-psync", "-sync");
    await victim.ask("CLIENT", "KILL", "TYPE", "replica");
    await pause(LAG);
    await scene.redis.replaceSoon();
    await victim.kill();
    await untilTakenOver(scene, victim);
    return async () => {
      await victim.restart();
      await scene.redis.untilWhole();
    };
  },
  lasts: 1500,
};

/** Slots of sessions that live, one after the other, each with a pause when some keys have moved. */
export const slotsMoved: Fault = {
  begin: async (scene) => {
    for (let i = 0; i < 12; i++) {
      const sid = scene.liveToken()?.slice(4, 26);
      await scene.redis.cluster?.moveSlot(`sessile:s:${sid}`, () => pause(60));
    }
    return () => {};
  },
  lasts: 0,
};

export const restartedEmpty: Fault = {
  options: { redisArgs: [] },
  begin: async (scene) => {
    await (await victimOf(scene)).restart();
    return () => scene.redis.untilWhole();
  },
  lasts: 1500,
};

export const diskFull: Fault = {
  needsDisk: true,
  begin: ({ disk }) => {
    const filler = join(disk, "filler");
    const piece = Buffer.alloc(256 * 1024);
    writeFileSync(filler, "");
    for (let size = piece.length; size > 0; ) {
      try {
        writeFileSync(filler, piece.subarray(0, size), { flag: "a" });
      } catch {
        size = size > 4096 ? 4096 : size - 4096;
      }
    }
    return () => rmSync(filler);
  },
  lasts: 3000,
};

/** One application ahead, the other behind; alone, it jumps. */
export const clockOff: Fault = {
  begin: async ({ apps }) => {
    await Promise.all(apps.map((app, i) => app.shiftClock(i === 0 ? 30_000 : -30_000)));
    const back = setTimeout(() => apps.length === 1 && first(apps).shiftClock(-30_000), 1000);
    return () => {
      clearTimeout(back);
      return shiftAll(apps, 0);
    };
  },
  lasts: 2500,
};

/** As many sessions as the store may hold, so that a client that signs out finds the place taken. */
export const memoryFull: Fault = {
  options: { maxSessions: 60 },
  begin: ({ apps }) => {
    const app = first(apps);
    const tokens: string[] = [];
    let isOver = false;
    const filling = (async () => {
      while (!isOver) {
        const { token } = await ask(app, "sign-in");
        if (token !== null) tokens.push(token);
      }
    })();
    return async () => {
      isOver = true;
      await filling;
      for (const token of tokens) await ask(app, "sign-out", token);
    };
  },
  lasts: 2500,
};

/** Another process holds the lock most of the time. */
export const sqliteLocked: Fault = {
  begin: ({ path }) => holdLock(path),
  lasts: 3000,
};

export const sqliteDeleted: Fault = {
  begin: async ({ apps, path }) => {
    await Promise.all(apps.map((app) => app.kill()));
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
    return () => Promise.all(apps.map((app) => app.start()));
  },
  lasts: 500,
};

// Every fault on every store: how it is made, or why it cannot be, and what is promised. Runs nothing.

import type { Fault } from "./faults.ts";
import * as faults from "./faults.ts";
import { STORES, type StoreName } from "./places.ts";

/** Documented exceptions: events that may happen although they break a promise. */
export type Loss = "lostWrites" | "wrong401" | "revived" | "revoked409";

export interface Cell {
  readonly fault: string;
  readonly store: StoreName;
  readonly how: Fault;
  readonly losses: readonly Loss[];
  /** Why these losses are no defect; empty where nothing may be lost. */
  readonly exception: string;
}

/** A fault that a store cannot have, and the reason. */
export interface Gap {
  readonly fault: string;
  readonly store: StoreName;
  readonly reason: string;
}

type Entry = Fault | string | { readonly how: Fault; readonly losses: readonly Loss[]; readonly exception: string };
type Row = Partial<Record<StoreName, Entry>>;

const except = (how: Fault, losses: readonly Loss[], exception: string): Entry => ({ how, losses, exception });

const NO_CONNECTION = "no connection: the store is in the process";
const NO_SERVER = "no server between the process and the file";
const ASYNC = "replication is asynchronous: writes that the replica had not received are lost";
const SIGNED_OUT: readonly Loss[] = ["lostWrites", "wrong401", "revoked409"];
const ANYTHING: readonly Loss[] = [...SIGNED_OUT, "revived"];

/** The cost of a takeover; with strict sign-out, no ended session comes back. */
const takenOver = (how: Fault, ...stores: readonly StoreName[]): Row => {
  const entryOf = (store: StoreName): Entry => {
    return store.endsWith("strict")
      ? except(how, SIGNED_OUT, `${ASYNC}; no acknowledged sign-out among them`)
      : except(how, ANYTHING, ASYNC);
  };
  return Object.fromEntries(stores.map((store) => [store, entryOf(store)]));
};

const onRedis = (how: Entry): Row => ({ Redis: how, "Redis, cached": how });
const onSentinel = (how: Entry): Row => ({ Sentinel: how, "Sentinel, cached": how });
const onCluster = (how: Entry): Row => ({ Cluster: how, "Cluster, cached": how });
const everywhere = (how: Entry): Row => ({ ...onRedis(how), ...onSentinel(how), ...onCluster(how) });
const inProcess = (reason: string): Row => ({ memory: reason, SQLite: reason });
const noNetwork: Row = { memory: NO_CONNECTION, SQLite: NO_SERVER };

const skewed = except(
  faults.clockOff,
  ["wrong401"],
  "further apart than `rotationGrace`: a request under way during a rotation looks like theft",
);
const emptied = (text: string) => except(faults.restartedEmpty, SIGNED_OUT, text);

const MATRIX: Readonly<Record<string, Row>> = {
  "server killed (-9)": {
    ...everywhere(faults.appKilled),
    SQLite: faults.appKilled,
    memory: except(faults.appKilled, SIGNED_OUT, "sessions end with the process"),
  },
  "server frozen (SIGSTOP)": { ...everywhere(faults.appFrozen), SQLite: faults.appFrozen, memory: faults.appFrozen },
  "store killed (-9)": {
    ...onRedis(faults.redisKilled),
    ...takenOver(
      faults.redisKilled,
      "Sentinel",
      "Sentinel, cached",
      "Cluster",
      "Cluster, cached",
      "Sentinel, strict",
      "Cluster, strict",
    ),
    ...inProcess("the store is the process, see above"),
  },
  "store frozen (SIGSTOP)": {
    ...onRedis(faults.redisFrozen),
    ...takenOver(faults.redisFrozen, "Sentinel", "Sentinel, cached", "Cluster", "Cluster, cached"),
    ...inProcess("the store is the process, see above"),
  },
  "connections reset inside answers": { ...everywhere(faults.resetInsideAnswers), ...noNetwork },
  "slow (0 to 500 ms)": { ...everywhere(faults.slow), SQLite: faults.sqliteLocked, memory: NO_CONNECTION },
  "connections refused": { ...everywhere(faults.refused), ...noNetwork },
  READONLY: {
    ...onRedis(faults.readOnly),
    ...takenOver(faults.readOnly, "Sentinel", "Sentinel, cached"),
    Cluster: "a node that is no primary answers MOVED",
    ...inProcess("no other server decides which one writes"),
  },
  LOADING: {
    ...onRedis(faults.loading),
    ...takenOver(faults.loading, "Sentinel", "Sentinel, cached", "Cluster", "Cluster, cached"),
    ...inProcess("nothing is loaded before it serves"),
  },
  OOM: {
    ...everywhere(faults.outOfMemory),
    memory: faults.memoryFull,
    SQLite: "no limit of memory of its own; see disk full",
  },
  CLUSTERDOWN: {
    ...takenOver(faults.clusterDown, "Cluster", "Cluster, cached"),
    Redis: "no Cluster",
    Sentinel: "no Cluster",
    ...inProcess("no Cluster"),
  },
  "failover in good order, twice": {
    ...takenOver(faults.failover, "Sentinel", "Sentinel, cached"), // Sentinels promote first, and demote later
    ...onCluster(faults.failover),
    Redis: "no replica",
    ...inProcess("no replica"),
  },
  "replicas cut off for 1.2 s, then primary killed": {
    ...takenOver(faults.failoverBehind, "Sentinel", "Cluster", "Sentinel, strict", "Cluster, strict"),
    Redis: "no replica",
    ...inProcess("no replica"),
  },
  "slots moved": { ...onCluster(faults.slotsMoved), Redis: "no slots", Sentinel: "no slots", ...inProcess("no slots") },
  "restart without data": {
    Redis: emptied("earlier sessions are gone"),
    "Redis, cached": emptied("earlier sessions are gone"),
    Sentinel: emptied("a primary without a file comes back empty, and its replicas copy that"),
    Cluster: emptied("a primary without a file comes back empty, and its replica copies that"),
    SQLite: except(faults.sqliteDeleted, SIGNED_OUT, "earlier sessions are gone"),
    memory: "that is every restart, see server killed",
  },
  "disk full": {
    ...onRedis(faults.diskFull),
    ...onSentinel(faults.diskFull),
    Cluster: faults.diskFull,
    SQLite: faults.diskFull,
    memory: "nothing is on disk",
  },
  "clocks off by +30 s and -30 s": {
    ...everywhere(skewed),
    SQLite: skewed,
    memory: faults.clockOff,
  },
};

const entries = Object.entries(MATRIX).flatMap(([fault, row]) => {
  return STORES.flatMap((store) => (row[store] === undefined ? [] : [{ fault, store, entry: row[store] }]));
});

export const CELLS: readonly Cell[] = entries.flatMap(({ fault, store, entry }) => {
  if (typeof entry === "string") return [];
  if ("begin" in entry) return [{ fault, store, how: entry, losses: [], exception: "" }];
  return [{ fault, store, ...entry }];
});

export const GAPS: readonly Gap[] = entries.flatMap(({ fault, store, entry }) => {
  return typeof entry === "string" ? [{ fault, store, reason: entry }] : [];
});

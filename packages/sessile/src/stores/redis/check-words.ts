// The meaning of a Redis' settings for its sessions, in words.

/** The settings of one primary. `undefined` where Redis did not answer. */
export interface Facts {
  readonly version: string | undefined;
  readonly role: string | undefined;
  readonly policy: string | undefined;
  readonly isAppending: boolean | undefined;
  readonly fsync: string | undefined;
  /** The times at which snapshots are made; empty when none are. */
  readonly save: string | undefined;
  readonly replicas: number | undefined;
  readonly minReplicas: number | undefined;
  /** `undefined` where there is no Cluster. */
  readonly clusterState: string | undefined;
  /** Milliseconds; `null` where it may not be asked. */
  readonly clockAhead: number | null;
}

/** Sessions of users that were looked at, and those among them that their user's index does not name. */
export interface Sample {
  readonly looked: number;
  readonly lost: number;
}

/** Clocks may differ by a minute (see `CLOCK_MARGIN`); a tenth of it is worth a word. */
const CLOCK_TOLERANCE = 6_000;

/** Why it must not be relied on for strict sign-out; `null` where there is no objection. */
export function objection({ policy, isAppending, save }: Facts): string | null {
  if (policy === undefined) return "It cannot be checked whether Redis evicts sessions: allow `INFO` to its user.";
  if (policy !== "noeviction") {
    return `Redis evicts sessions: its \`maxmemory-policy\` is \`${policy}\` and must be \`noeviction\`.`;
  }
  return snapshots({ isAppending, save });
}

export function describe(facts: Facts, confirmReplicas: number): { promise: string; warnings: readonly string[] } {
  const warnings = [
    unchecked(facts),
    eviction(facts),
    snapshots(facts),
    replication(facts, confirmReplicas),
    emptyRestart(facts),
    server(facts),
    clock(facts),
  ];
  return {
    promise: `${persistence(facts)} ${failover(facts, confirmReplicas)}`,
    warnings: warnings.filter((warning) => warning !== null),
  };
}

function persistence({ isAppending, fsync, save }: Facts): string {
  if (isAppending === undefined) return "What a crash of Redis takes is unknown.";
  if (isAppending && fsync === "always") return "What was acknowledged survives a crash of Redis and a power loss.";
  if (isAppending) {
    const lost = fsync === "no" ? "what the system had not yet written to disk" : "about the last two seconds";
    return `What was acknowledged survives a crash of Redis; a power loss takes ${lost}, sign-outs among it.`;
  }
  if (save === "") return "A restart of Redis ends every session: nothing is kept on disk.";
  return "A crash of Redis takes what its last snapshot does not hold; a session that was signed out since then comes back.";
}

function failover({ replicas }: Facts, confirmReplicas: number): string {
  if (replicas === undefined) return "What a failover takes is unknown.";
  if (replicas === 0 && confirmReplicas === 0) return "There is no replica to fail over to.";
  const confirmed =
    confirmReplicas > 0
      ? `; a sign-out is acknowledged only when ${count(confirmReplicas)} confirmed it`
      : ", and a session that was signed out just before comes back";
  return `${count(replicas)} may take over, and may lack the last writes${confirmed}.`;
}

function count(replicas: number): string {
  return replicas === 1 ? "1 replica" : `${replicas} replicas`;
}

function unchecked({ policy, isAppending, fsync, minReplicas, clockAhead }: Facts): string | null {
  const missing = [policy === undefined || isAppending === undefined ? "`INFO`" : null];
  if (fsync === undefined || minReplicas === undefined) missing.push("`CONFIG GET`");
  if (clockAhead === null) missing.push("`TIME`");
  const commands = new Intl.ListFormat("en-GB").format(missing.filter((each) => each !== null));
  return commands === "" ? null : `Could not check everything: the user at Redis may not call ${commands}.`;
}

function eviction({ policy }: Facts): string | null {
  if (policy === undefined || policy === "noeviction") return null;
  return `\`maxmemory-policy\` is \`${policy}\`: when memory runs short, Redis signs users out, or forgets which sessions a user has, so that revoking all of them misses some. Set \`noeviction\`.`;
}

function snapshots({ isAppending, save }: Pick<Facts, "isAppending" | "save">): string | null {
  if (isAppending !== false || !save) return null;
  return "Only snapshots are kept on disk: a restart brings back sessions that were signed out since the last. Turn on `appendonly`, or snapshots off.";
}

function replication({ replicas = 0, minReplicas }: Facts, confirmReplicas: number): string | null {
  if (replicas < confirmReplicas) {
    return `${replicas} of the ${confirmReplicas} replicas that must confirm a sign-out are connected: every sign-out is answered 503 until they are.`;
  }
  if (replicas === 0 || minReplicas !== 0) return null;
  return "`min-replicas-to-write` is 0: a primary that is cut off from its replicas takes writes that a failover throws away. Set 1, and `min-replicas-max-lag` to 10.";
}

function emptyRestart({ isAppending, save, replicas = 0 }: Facts): string | null {
  if (isAppending !== false || save !== "" || replicas === 0) return null;
  return "Nothing is kept on disk and there are replicas: a primary that restarts by itself comes back empty, and they copy that. Turn on `appendonly`.";
}

function server({ version, role, clusterState }: Facts): string | null {
  if (role === "slave") return "This server is a replica: it refuses every write.";
  if (clusterState !== undefined && clusterState !== "ok") return `The Cluster's state is \`${clusterState}\`.`;
  const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
  const isOld = version !== undefined && (major < 6 || (major === 6 && minor < 2));
  return isOld ? `This is Redis ${version}; the store needs 6.2 or later.` : null;
}

function clock({ clockAhead }: Facts): string | null {
  if (clockAhead === null || Math.abs(clockAhead) <= CLOCK_TOLERANCE) return null;
  const seconds = Math.round(Math.abs(clockAhead) / 1000);
  if (clockAhead < 0) return `The clock of Redis is ${seconds} s behind this machine's. Set both by NTP.`;
  return `The clock of Redis is ${seconds} s ahead of this machine's: beyond a minute, sessions end early by the difference. Set both by NTP.`;
}

/** One warning, or none. */
export function lostEntries({ looked, lost }: Sample): readonly string[] {
  if (lost === 0) return [];
  const found = `${lost} of ${looked} sessions that were looked at ${lost === 1 ? "is" : "are"} missing from the index of their user`;
  return [
    `${found}: lists do not show them, and revoking the user's sessions leaves them. Call \`rebuildUserIndex\` (\`sessile reindex\`) once.`,
  ];
}

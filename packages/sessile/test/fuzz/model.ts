// A model of sessions, as short as possible: no store, no order of steps, no conflict. A manager must not differ from
// it.

/** A client's view: who it is, what it can read, and the token that it was given. */
export interface Seen {
  readonly userId: string | null;
  readonly data: Readonly<Record<string, number>>;
}

export type Step =
  | { readonly kind: "set"; readonly key: string; readonly value: number }
  | { readonly kind: "remove" | "add"; readonly key: string }
  | { readonly kind: "rotate" | "notActivity" };

interface ModelSession extends Seen {
  readonly sid: string;
  data: Record<string, number>;
  readonly began: number;
  seen: number;
  rotated: number;
  /** Newest first: the current one, and the eight before it. */
  tokens: string[];
}

export const LIMITS = {
  idleTimeout: 60_000,
  absoluteTimeout: 300_000,
  touchInterval: 6000,
  rotateAfter: 100_000,
  rotationGrace: 10_000,
  userLimit: { max: 3, onExceeded: "evictOldest" },
} as const;

export class Model {
  now = 0;
  readonly #sessions = new Map<string, ModelSession>();

  /** Takes the token apart from nothing: the session it is good for, after ending what must not go on. */
  open(token: string | null): ModelSession | null {
    const session = [...this.#sessions.values()].find(({ tokens }) => tokens.includes(token ?? ""));
    if (session === undefined) return null;
    const age = session.tokens.indexOf(token as string);
    const isGood = age === 0 || (age === 1 && this.now < session.rotated + LIMITS.rotationGrace);
    if (this.#isLive(session) && isGood) return session;
    this.#sessions.delete(session.sid);
    return null;
  }

  signIn(old: ModelSession | null, userId: string, began: { sid: string; token: string }): void {
    if (old !== null) this.#sessions.delete(old.sid);
    const live = this.live(userId);
    for (const sid of live.slice(0, Math.max(live.length - LIMITS.userLimit.max + 1, 0))) this.#sessions.delete(sid);
    this.begin(userId, {}, began);
  }

  begin(userId: string | null, data: Record<string, number>, { sid, token }: { sid: string; token: string }): void {
    const { now } = this;
    this.#sessions.set(sid, { sid, userId, data, began: now, seen: now, rotated: now, tokens: [token] });
  }

  /** The data after the steps, and whether the client gets a new token. */
  after(
    session: Seen | null,
    token: string | null,
    steps: readonly Step[],
  ): { data: Record<string, number>; rotates: boolean } {
    const data = { ...session?.data };
    for (const step of steps) {
      if (step.kind === "set") data[step.key] = step.value;
      if (step.kind === "add") data[step.key] = (Object.hasOwn(data, step.key) ? (data[step.key] as number) : 0) + 1;
      if (step.kind === "remove") delete data[step.key];
    }
    const own = session as ModelSession | null;
    const isDue =
      own !== null && (steps.some(({ kind }) => kind === "rotate") || this.now - own.rotated >= LIMITS.rotateAfter);
    return { data, rotates: isDue && own?.tokens[0] === token };
  }

  write(session: ModelSession, steps: readonly Step[], data: Record<string, number>, newToken: string | null): void {
    const isActivity = steps.every(({ kind }) => kind !== "notActivity");
    const isChanged = steps.some(({ kind }) => ["set", "add", "remove"].includes(kind)) || newToken !== null;
    if (isActivity && (isChanged || this.now - session.seen >= LIMITS.touchInterval))
      session.seen = Math.max(session.seen, this.now);
    session.data = data;
    if (newToken === null) return;
    session.tokens = [newToken, ...session.tokens].slice(0, 9);
    session.rotated = this.now;
  }

  /** Whether there was one. */
  end(sid: string, owner: string | null | undefined = undefined): boolean {
    const session = this.#sessions.get(sid);
    if (session === undefined || (owner !== undefined && session.userId !== owner)) return false;
    return this.#sessions.delete(sid);
  }

  /** How many ended. */
  endUser(userId: string, except: string | undefined): number {
    const own = [...this.#sessions.values()].filter((session) => session.userId === userId && session.sid !== except);
    return own.filter(({ sid }) => this.#sessions.delete(sid)).length;
  }

  /** How many had reached a deadline. */
  sweep(): number {
    const over = [...this.#sessions.values()].filter((session) => !this.#isLive(session));
    return over.filter(({ sid }) => this.#sessions.delete(sid)).length;
  }

  /** The sids of a user's live sessions, oldest first. */
  live(userId: string): string[] {
    const own = [...this.#sessions.values()].filter((session) => session.userId === userId && this.#isLive(session));
    return own.sort((a, b) => a.began - b.began || (a.sid < b.sid ? -1 : 1)).map(({ sid }) => sid);
  }

  get size(): number {
    return this.#sessions.size;
  }

  #isLive({ seen, began }: ModelSession): boolean {
    return this.now < seen + LIMITS.idleTimeout && this.now < began + LIMITS.absoluteTimeout;
  }
}

// Clients that sign in, read, write, rotate, take offers of new tokens and sign out while something breaks, and report each
// result to the ledger.

import { setTimeout as pause } from "node:timers/promises";
import { type App, ROTATE_AFTER } from "./app-process.ts";
import type { Answer, Ledger, Life } from "./ledger.ts";

export interface Target {
  readonly url: string;
}

type Clocked = Target & Pick<App, "shiftClock">;

const STAYERS = 3;
const LEAVERS = 5;
/** Sessions that began and were put away. */
const SLEEPERS = 20;
const PACE = 15;
/** How long before the run the sessions of some begin, in milliseconds. */
const OLD = 2 * ROTATE_AFTER;
/** Longer than any deadline of the library: what takes this long hangs. */
const PATIENCE = 4000;
/** So many writes, and one who is to leave does. */
const MOST_MARKS = 12;

/** How likely each step is, while a client has a session. The rest are reads. */
type Shares = readonly (readonly [share: number, step: Step])[];

/**
 * Some stay signed in: the others all happen to sign out while nothing works, and would prove nothing about sessions
 * that live on.
 */
const STAYING: Shares = [
  [0.25, update],
  [0.08, updateTwice],
  [0.15, presentEnded],
];
const LEAVING: Shares = [
  ...STAYING,
  [0.07, rotate],
  [0.03, rotateWhileReading],
  [0.05, signOut],
  [0.05, signOutWhileWriting],
];

type Step = (client: Client) => Promise<void>;

interface Client {
  readonly apps: readonly Target[];
  readonly ledger: Ledger;
  readonly shares: Shares;
  /** A session is tried again no earlier than so many milliseconds after its end: the bound of a cache. */
  readonly staleness: number;
  life: Life | null;
}

let marks = 0;

/**
 * Runs until `stop` is called and the last request is over. The sessions of those who stay, and those put away, are old
 * enough to be offered a new token at their next request.
 */
export async function startWorkload(
  apps: readonly Clocked[],
  ledger: Ledger,
  staleness: number,
): Promise<{ stop(): Promise<void> }> {
  let isStopped = false;
  const clientWith = (shares: Shares): Client => ({ apps, ledger, shares, staleness, life: null });
  const staying = Array.from({ length: STAYERS }, () => clientWith(STAYING));
  const leaving = Array.from({ length: LEAVERS }, () => clientWith(LEAVING));
  const run = async (client: Client): Promise<void> => {
    while (!isStopped) {
      await step(client);
      await pause(PACE * (0.5 + Math.random()));
    }
  };
  await shiftAll(apps, -OLD);
  const sleepers: (Life | null)[] = [];
  for (let i = 0; i < SLEEPERS; i++) sleepers.push(ledger.signedIn(await ask(anyOf(apps), "sign-in")));
  for (const client of staying) await signIn(client);
  await shiftAll(apps, 0);
  const marking = async (): Promise<void> => {
    for (const life of sleepers) if (life !== null) await mark(ledger, life, anyOf(apps));
  };
  const running = Promise.all([...[...staying, ...leaving].map(run), marking()]);
  return {
    async stop() {
      isStopped = true;
      await running;
    },
  };
}

async function step(client: Client): Promise<void> {
  const { life, shares } = client;
  if (life === null || life.state === "ended" || life.state === "lost") return signIn(client);
  if (life.state === "ending" || (shares === LEAVING && life.marks.size >= MOST_MARKS)) return signOut(client);
  let dice = Math.random();
  for (const [share, act] of shares) {
    dice -= share;
    if (dice < 0) return act(client);
  }
  return read(client, life);
}

async function signIn(client: Client): Promise<void> {
  client.life = client.ledger.signedIn(await ask(anyOf(client.apps), "sign-in"));
}

async function read({ apps, ledger }: Client, life: Life): Promise<void> {
  ledger.note("read", life, await ask(anyOf(apps), "read", life.token));
}

async function update({ apps, ledger, life }: Client): Promise<void> {
  if (life !== null) await mark(ledger, life, anyOf(apps));
}

/** Two requests of one session at once, at different servers where there are two. */
async function updateTwice({ apps, ledger, life }: Client): Promise<void> {
  if (life !== null) await Promise.all([0, 1].map((i) => mark(ledger, life, apps[i % apps.length] as Target)));
}

async function mark(ledger: Ledger, life: Life, app: Target): Promise<void> {
  const name = `m${marks++}`;
  ledger.note("update", life, await ask(app, `mark?mark=${name}`, life.token), name);
}

async function rotate({ apps, ledger, life }: Client): Promise<void> {
  if (life !== null) ledger.note("rotate", life, await ask(anyOf(apps), "rotate", life.token));
}

async function signOut({ apps, ledger, life }: Client): Promise<void> {
  if (life !== null) ledger.note("sign-out", life, await ask(anyOf(apps), "sign-out", life.token));
}

/** The old token is still good for the other request, which was under way. */
async function rotateWhileReading(client: Client): Promise<void> {
  const { apps, ledger, life } = client;
  if (life === null) return;
  const reading = ask(anyOf(apps), "read", life.token);
  await Promise.all([reading.then((answer) => ledger.note("read", life, answer)), rotate(client)]);
}

/** The slow request of "nothing comes back". It may be answered 401, and says nothing about the session. */
async function signOutWhileWriting(client: Client): Promise<void> {
  const { apps, life } = client;
  if (life === null) return;
  const writing = ask(apps[0] as Target, "mark?mark=late", life.token);
  await Promise.all([writing.then((answer) => client.ledger.noteAny(answer)), signOut(client)]);
}

async function presentEnded({ apps, ledger, staleness }: Client): Promise<void> {
  const life = ledger.lives[Math.floor(Math.random() * ledger.lives.length)];
  if (life?.state !== "ended" || performance.now() - life.endedAt < staleness) return;
  ledger.noteEnded(life, await ask(anyOf(apps), "read", life.token));
}

/** Sets the clocks of all, in milliseconds from the right time. */
export async function shiftAll(apps: readonly Pick<App, "shiftClock">[], by: number): Promise<void> {
  await Promise.all(apps.map((app) => app.shiftClock(by)));
}

export function anyOf<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T;
}

/** Sends one request and never fails. */
export async function ask({ url }: Target, path: string, token?: string): Promise<Answer> {
  const sentAt = performance.now();
  const headers = token === undefined ? {} : { "x-session-token": token };
  try {
    const init = { method: "POST", headers, signal: AbortSignal.timeout(PATIENCE) };
    const response = await fetch(`${url}/${path}`, init);
    const body = await response.text();
    return answer(response.status, response.headers.get("x-session-token"), body, sentAt);
  } catch {
    return answer(0, null, "null", sentAt);
  }
}

function answer(status: number, token: string | null, body: string, sentAt: number): Answer {
  const found: unknown = status === 200 ? JSON.parse(body) : null;
  const marks = Array.isArray(found) ? found : null;
  return { status, token, marks, detail: status === 200 ? "" : body, sentAt, answeredAt: performance.now() };
}

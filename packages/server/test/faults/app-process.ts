// A small application in a process of its own, as its users run several of one: sign in, read, write, rotate, sign out.
// Its process, its clock and its store can be made to fail.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { headerTransport, type Session, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import { freePort } from "sessile-test-support/free-port";
import { type AppStore, openAppStore } from "./app-store.ts";

export interface App {
  readonly url: string;
  /** Sets its clock off by so many milliseconds. Resolves when that is done; at once where the process is dead. */
  shiftClock(milliseconds: number): Promise<void>;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Starts it again, on the same port, as it was started first. */
  start(): Promise<void>;
}

/** A session this old, in milliseconds, is offered a new secret; an offer is taken when it is older than a minute. */
export const ROTATE_AFTER = 61_000;
/** Nearly every request brings a touch. */
const TOUCH_INTERVAL = 100;

const FILE = fileURLToPath(import.meta.url);

export async function startApp(store: AppStore): Promise<App> {
  const port = await freePort();
  let child: ChildProcess | null = null;
  const app: App = {
    url: `http://127.0.0.1:${port}`,
    async shiftClock(milliseconds) {
      if (child === null) return;
      const shifted = Promise.race([once(child, "message"), once(child, "exit")]);
      child.send(milliseconds);
      await shifted;
    },
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    async kill() {
      if (child === null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
      child = null;
    },
    async start() {
      child = fork(FILE, [JSON.stringify({ port, store })]);
      const [said] = await Promise.race([once(child, "message"), once(child, "exit")]);
      if (said !== "ready") throw new Error(`The application did not start: ${String(said)}`);
    },
  };
  await app.start();
  return app;
}

async function serve({ port, store }: { readonly port: number; readonly store: AppStore }): Promise<void> {
  let shift = 0;
  const manager = new SessionManager<Data>({
    store: await openAppStore(store),
    transports: [headerTransport()],
    clock: () => Date.now() + shift,
    rotateAfter: ROTATE_AFTER,
    touchInterval: TOUCH_INTERVAL,
  });
  process.on("message", (milliseconds) => {
    shift = Number(milliseconds);
    process.send?.("shifted");
  });
  process.on("disconnect", () => process.exit());
  const onError = (): void => {};
  const server = createServer(
    withSession(
      manager,
      async (request, response, session) => {
        const { pathname, searchParams } = new URL(request.url ?? "", "http://app");
        const isKnown = pathname === "/sign-in" || session.userId !== null;
        const answer = isKnown ? await act(session, pathname, searchParams.get("mark") ?? "") : null;
        response.statusCode = isKnown ? 200 : 401;
        response.end(JSON.stringify(answer));
      },
      { onError },
    ),
  );
  server.listen(port, "127.0.0.1", () => process.send?.("ready"));
}

interface Data {
  readonly marks: readonly string[];
}

let users = 0;

async function act(session: Session<Data>, path: string, mark: string): Promise<unknown> {
  if (path === "/sign-in") return session.signIn(`user-${process.pid}-${users++ % 50}`);
  if (path === "/sign-out") await session.signOut();
  if (path === "/rotate") session.rotate();
  if (path === "/mark") session.update("marks", (marks = []) => [...marks, mark]);
  return path === "/read" ? (session.get("marks") ?? []) : null;
}

if (process.argv[1] === FILE) await serve(JSON.parse(process.argv[2] as string));

// Runs a scenario again and again until every order of its commands was seen. Knows no session and no store.
//
// Stateless model checking: a run follows a list of choices, then goes on by itself and notes what else it could have
// chosen; each of those is another run. Sleep sets leave out orders that differ only in swapping neighbours on
// different keys, or two reads, because no command can tell these apart.

/** A command that waits for permission. */
export interface Waiting {
  readonly process: number;
  /** Process and number: the same in every run of the same choices. */
  readonly id: string;
  /** For people. */
  readonly text: () => string;
  /** The keys that it reads or changes, the same in every run. */
  readonly keys: readonly string[];
  readonly isRead: boolean;
  /** Lets it happen; resolves when its process was told. */
  readonly release: () => Promise<void>;
}

/** One execution under way. */
export interface Execution {
  waiting(): readonly Waiting[];
  /** Called when nothing may go on; throws when a promise is broken. */
  finish(trace: readonly Waiting[]): Promise<void>;
  /** Called instead when another run covers it. */
  abandon?(): Promise<void>;
}

export interface Explored {
  /** Runs that came to an end, each another order. */
  readonly runs: number;
  /** Runs that were cut off because another covers them. */
  readonly cut: number;
  /** True when no order is left. */
  readonly isComplete: boolean;
  /** True when a run would have had more commands of the stopped process. */
  readonly wasStopped: boolean;
}

export interface Exploration {
  readonly start: () => Promise<Execution>;
  /** The process that is never resumed after so many of its commands. */
  readonly stop?: { readonly process: number; readonly after: number };
  /** Most orders to run, picked at random; then it ends unfinished. */
  readonly most?: number;
  /** Whether the same choices may have another outcome: a run that cannot follow them is cut off. */
  readonly mayDiverge?: boolean;
  /** Runs side by side, which share connections, and so their round trips. Default 32. */
  readonly parallel?: number;
  /** True to run the orders too that differ only in swapping neighbours which cannot tell. */
  readonly isExhaustive?: boolean;
}

interface Branch {
  readonly choices: readonly string[];
  /** Commands that other runs try at this place. */
  readonly asleep: readonly Waiting[];
}

/** Waits until everything that can go on without an answer has done so. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function explore(exploration: Exploration): Promise<Explored> {
  const { most = Number.POSITIVE_INFINITY, parallel = 32 } = exploration;
  const branches: Branch[] = [{ choices: [], asleep: [] }];
  const random = repeatableRandom();
  const count = { runs: 0, cut: 0, wasStopped: false };
  let busy = 0;
  return new Promise((resolve, reject) => {
    startSome();

    function startSome(): void {
      for (; branches.length > 0 && busy < parallel && count.runs + busy < most; busy++) {
        run(exploration, take(), add).then(end, reject);
      }
      if (busy === 0) resolve({ ...count, isComplete: branches.length === 0 });
    }

    function add(branch: Branch): void {
      branches.push(branch);
      startSome();
    }

    function end({ isCut, wasStopped }: { isCut: boolean; wasStopped: boolean }): void {
      busy--;
      count[isCut ? "cut" : "runs"]++;
      count.wasStopped ||= wasStopped;
      startSome();
    }
  });

  /** The newest, so that few wait; where not all are run, any, so that those that are run differ much. */
  function take(): Branch {
    const at = most === Number.POSITIVE_INFINITY ? branches.length - 1 : Math.floor(random() * branches.length);
    return branches.splice(at, 1)[0] as Branch;
  }
}

/** Numbers from 0 to 1, the same in every process: a failure shall come again. */
function repeatableRandom(): () => number {
  let state = 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

async function run(
  { start, stop, isExhaustive = false, mayDiverge = false }: Exploration,
  { choices, asleep: initiallyAsleep }: Branch,
  addBranch: (branch: Branch) => void,
): Promise<{ isCut: boolean; wasStopped: boolean }> {
  const execution = await start();
  const trace: Waiting[] = [];
  let asleep = initiallyAsleep;
  for (;;) {
    await turn();
    const waiting = execution.waiting();
    const enabled = waiting.filter(({ process }) => !isStopped(process));
    if (enabled.length === 0) {
      await execution.finish(trace);
      return { isCut: false, wasStopped: waiting.length > 0 };
    }
    const chosen = trace.length < choices.length ? follow(enabled) : choose(enabled);
    if (chosen === undefined) {
      await execution.abandon?.();
      return { isCut: true, wasStopped: false };
    }
    trace.push(chosen);
    await chosen.release();
  }

  function areIndependent(a: Waiting, b: Waiting): boolean {
    return !isExhaustive && (!a.keys.some((key) => b.keys.includes(key)) || (a.isRead && b.isRead));
  }

  function isStopped(process: number): boolean {
    return process === stop?.process && trace.filter((each) => each.process === process).length >= stop.after;
  }

  function follow(enabled: readonly Waiting[]): Waiting | undefined {
    const chosen = enabled.find(({ id }) => id === choices[trace.length]);
    if (chosen === undefined && !mayDiverge)
      throw new Error(`A run did not repeat itself: no ${choices[trace.length]} is waiting.`);
    return chosen;
  }

  function choose(enabled: readonly Waiting[]): Waiting | undefined {
    const [chosen, ...others] = enabled.filter(({ id }) => !asleep.some((each) => each.id === id));
    if (chosen === undefined) return undefined;
    const tried = [...asleep, chosen];
    for (const other of others) {
      const path = [...trace.map(({ id }) => id), other.id];
      addBranch({ choices: path, asleep: tried.filter((each) => areIndependent(each, other)) });
      tried.push(other);
    }
    asleep = asleep.filter((each) => areIndependent(each, chosen));
    return chosen;
  }
}

// A point in a program at which a test can stop it: how races are tested without a sleep.

export interface Gate {
  /** Resolves when somebody arrives. */
  readonly reached: Promise<void>;
  /** Lets everybody pass from now on. */
  readonly open: () => void;
}

export interface GateWithEntrance extends Gate {
  /** Arrives, and waits until the gate is open. */
  readonly enter: () => Promise<void>;
}

export function newGate(): GateWithEntrance {
  let arrive = (): void => {};
  let open = (): void => {};
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  const passage = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    reached,
    open: () => open(),
    enter() {
      arrive();
      return passage;
    },
  };
}

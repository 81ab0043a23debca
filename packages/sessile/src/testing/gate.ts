// A point in a program at which a test can stop it, to test races without a sleep.

export interface Gate {
  /** Resolves at the first arrival. */
  readonly reached: Promise<void>;
  /** Opens the gate for good. */
  readonly open: () => void;
}

export interface GateWithEntrance extends Gate {
  /** Arrives at the gate and waits until it is open. */
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

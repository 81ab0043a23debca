// A port whose commands wait for permission. Knows which commands only read, and which answer gets lost.

import type { RedisPort } from "#dist/stores/redis/port.js";
import { RANGE } from "#dist/stores/redis/scripts.js";
import type { Loss } from "../interleavings/campaigns.ts";
import type { Waiting } from "../interleavings/explorer.ts";

interface Answer {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

const READS = new Set(["GET", "EXISTS", "ZSCORE"]);

export class Gate {
  readonly #port: RedisPort;
  readonly #prefix: string;
  readonly #loss: Loss | undefined;
  readonly #waiting = new Set<Waiting>();
  readonly #sent: number[] = [];
  hasLost = false;

  /** `prefix` is what the keys of one run begin with. */
  constructor(port: RedisPort, prefix: string, loss?: Loss) {
    this.#port = port;
    this.#prefix = prefix;
    this.#loss = loss;
  }

  /** Those on the index first: when what all processes touch is tried first, fewer runs turn out to be needless. */
  waiting(): readonly Waiting[] {
    const all = [...this.#waiting];
    const isOnIndex = ({ keys }: Waiting) => keys.some((key) => key.startsWith("u:"));
    return [...all.filter(isOnIndex), ...all.filter((each) => !isOnIndex(each))];
  }

  /** The port of one process. */
  portOf(process: number): RedisPort {
    return {
      isReady: () => true,
      holdsAllKeys: true,
      send: (key, args) => {
        if (key.endsWith("layout")) return Promise.resolve("OK");
        return new Promise((resolve, reject) => this.#wait(process, key, args, { resolve, reject }));
      },
    };
  }

  #wait(process: number, key: string, args: readonly string[], answer: Answer): void {
    const number = (this.#sent[process] ?? 0) + 1;
    this.#sent[process] = number;
    const isLost = this.#loss?.process === process && this.#loss.at === number;
    const waiting: Waiting = {
      process,
      id: `${process}.${number}`,
      text: () => `${process}.${number} ${args.join(" ").slice(0, 150)}`,
      keys: keysOf(key, args).map((each) => each.slice(this.#prefix.length)),
      isRead: READS.has(args[0] ?? "") || args[1] === RANGE.sha,
      release: async () => {
        this.#waiting.delete(waiting);
        if (isLost) await this.#lose(key, args, answer);
        else await this.#port.send(key, args).then(answer.resolve, answer.reject);
      },
    };
    this.#waiting.add(waiting);
  }

  async #lose(key: string, args: readonly string[], { reject }: Answer): Promise<void> {
    if (this.#loss?.isDone) await this.#port.send(key, args);
    this.hasLost = true;
    // Not as a lost connection: what only reads would be sent again, after a while that no order has a place for.
    reject(new Error("ERR the answer was lost"));
  }
}

/** A script may have several. */
function keysOf(key: string, args: readonly string[]): readonly string[] {
  return args[0] === "EVALSHA" ? args.slice(3, 3 + Number(args[2])) : [key];
}

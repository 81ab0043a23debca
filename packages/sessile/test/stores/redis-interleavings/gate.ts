// A port whose commands wait for permission. Knows which commands only read.

import type { RedisPort } from "#dist/stores/redis/client.js";
import { RANGE } from "#dist/stores/redis/scripts.js";
import type { Waiting } from "./explorer.ts";

/** A command whose answer is lost: it is done or not, and its process hears of an error. */
export interface Loss {
  readonly process: number;
  readonly at: number;
  readonly isDone: boolean;
}

export class Gate {
  readonly #port: RedisPort;
  readonly #prefix: string;
  readonly #loss: Loss | undefined;
  readonly #waiting = new Set<Waiting>();
  readonly #sent: number[] = [];
  hasLost = false;

  constructor(port: RedisPort, prefix: string, loss?: Loss) {
    this.#port = port;
    this.#prefix = prefix;
    this.#loss = loss;
  }

  waiting(): readonly Waiting[] {
    return [...this.#waiting];
  }

  /** The port of one process. */
  portOf(process: number): RedisPort {
    return {
      isReady: () => true,
      send: (key, args) => {
        if (key.endsWith("layout")) return Promise.resolve("OK");
        return new Promise((resolve, reject) => this.#wait(process, key, args, resolve, reject));
      },
    };
  }

  #wait(
    process: number,
    key: string,
    args: readonly string[],
    resolve: (reply: unknown) => void,
    reject: (error: unknown) => void,
  ): void {
    const number = (this.#sent[process] ?? 0) + 1;
    this.#sent[process] = number;
    const waiting: Waiting = {
      process,
      id: `${process}: ${args.join(" ").replaceAll(this.#prefix, "")}`,
      key: key.slice(this.#prefix.length),
      isRead: args[0] === "GET" || args[0] === "EXISTS" || args[1] === RANGE.sha,
      release: async () => {
        this.#waiting.delete(waiting);
        const isLost = this.#loss?.process === process && this.#loss.at === number;
        const reply = isLost && !this.#loss?.isDone ? undefined : this.#port.send(key, args);
        if (!isLost) return reply?.then(resolve, reject);
        await reply;
        this.hasLost = true;
        reject(new Error("Connection is closed."));
      },
    };
    this.#waiting.add(waiting);
  }
}

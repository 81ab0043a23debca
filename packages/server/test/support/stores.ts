// The three stores, each fresh, as `--store` names them.

import { join } from "node:path";
import { byDepth } from "sessile-test-support/depth";
import { temporaryFolder } from "sessile-test-support/folder";
import { startRedis } from "sessile-test-support/redis-server";

export interface StoreUnderTest {
  readonly kind: "memory" | "sqlite" | "redis";
  /** The value of `--store`. */
  readonly option: string;
  readonly isDurable: boolean;
  readonly close: () => Promise<void>;
}

type Kind = StoreUnderTest["kind"];

const ALL: readonly Kind[] = ["memory", "sqlite", "redis"];
export const KINDS = byDepth<readonly Kind[]>(["sqlite"], ALL, ALL);

export async function freshStore(kind: Kind): Promise<StoreUnderTest> {
  if (kind === "memory") return { kind, option: "memory", isDurable: false, close: async () => {} };
  if (kind === "sqlite") {
    return { kind, option: `sqlite:${join(temporaryFolder(), "sessile.db")}`, isDurable: true, close: async () => {} };
  }
  const redis = await startRedis();
  return { kind, option: `${redis.url}/0`, isDurable: true, close: redis.close };
}

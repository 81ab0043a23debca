// The settings in `deploy/compose.yaml` about its proxy.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readConfig } from "../support/config.ts";

const COMPOSE = readFileSync(fileURLToPath(new URL("../../../../deploy/compose.yaml", import.meta.url)), "utf8");

test("the compose file trusts the gateway of its own network, through which a proxy on the host comes, and nothing else", () => {
  const trusted = /^ +SESSILE_TRUST_PROXY: (.+)$/m.exec(COMPOSE)?.[1];
  const gateway = /^ +gateway: (.+)$/m.exec(COMPOSE)?.[1];
  assert.ok(trusted !== undefined && trusted === gateway);
  const { trustProxy } = readConfig([], { SESSILE_TRUST_PROXY: trusted });
  assert.deepEqual([gateway, "127.0.0.1", "10.0.0.1"].map(trustProxy), [true, false, false]);
});

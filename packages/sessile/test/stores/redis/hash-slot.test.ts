// The slots of keys, as `CLUSTER KEYSLOT` of Redis 7 tells them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { hashSlot } from "#dist/stores/redis/clients/hash-slot.js";

test("a key is in the slot that Redis says", () => {
  const slots = {
    "": 0,
    "123456789": 12739,
    "{user1000}.following": 3443,
    "{user1000}.followers": 3443,
    "foo{}{bar}": 8363,
    "foo{{bar}}zap": 4015,
    "foo{bar}{zap}": 5061,
    "foo{bar": 15278,
    "foo}bar{": 11073,
    "sessile:s:0aZ": 2588,
    ключ: 10303,
  };
  for (const [key, slot] of Object.entries(slots)) assert.equal(hashSlot(key), slot, key);
});

// Inputs that once broke a property, each by name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { openStore } from "#dist/store/open-store.js";
import { startApp } from "../support/app.ts";
import { readConfig } from "../support/config.ts";

for (const password of ["hunter2", "p@hunter2", "hunter2@x", "hunter2/x", "/hunter2", "hun?ter#hunter2"]) {
  test(`N1: the password ${password} in a store's URL is in no message`, async () => {
    for (const host of ["127.0.0.1:1", "127.0.0.1:x", ""]) {
      const url = `redis://user:${password}@${host}`;
      await assert.rejects(openStore({ ...PLAIN, store: url }), (error: Error) => !error.message.includes("hunter2"));
      await assert.rejects(
        openStore({ ...PLAIN, store: url.replace("redis", "mysql") }),
        (error: Error) => !error.message.includes("hunter2"),
      );
    }
  });
}

const PLAIN = { cache: null, confirmReplicas: 0 };

test("N1: a store's URL in the wrong place is shown without its password", () => {
  for (const args of [["serve", "redis://u:hunter2@h"], ["redis://u:hunter2@h"], ["--port", "redis://u:hunter2@h"]]) {
    assert.throws(
      () => readConfig(args, {}),
      (error: Error) => !error.message.includes("hunter2"),
    );
  }
});

test("N1: a secret in a path is not logged, neither alone nor spelled with percent signs", async () => {
  const { app, log, mint, close } = await startApp();
  const { token } = await mint("1");
  const secret = token.slice(26, 70);
  const encoded = [...token].map((each) => `%${each.charCodeAt(0).toString(16)}`).join("");
  for (const path of [`/x${secret}`, `/${encoded}`, `/${token.slice(0, 40)}%41${token.slice(41)}`])
    await app.inject(path);
  const text = log().replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  assert.ok(text.includes('"request"') && !text.includes(secret));
  await close();
});

// A store's file that is removed or exchanged under a running server.

import assert from "node:assert/strict";
import { copyFileSync, renameSync, rmSync } from "node:fs";
import { test } from "node:test";
import { waitUntil } from "sessile-test-support/wait-until";
import { call, profile, signIn, signOut } from "../support/client.ts";
import { startServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";

const ACCIDENTS: Readonly<Record<string, (path: string) => void>> = {
  removed: (path) => {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(path + suffix);
  },
  exchanged: (path) => {
    copyFileSync(path, `${path}.other`);
    renameSync(`${path}.other`, path);
  },
};

for (const [what, befall] of Object.entries(ACCIDENTS)) {
  test(`when the SQLite file is ${what}, nothing more is acknowledged, the server is not ready, and the log says why`, async (t) => {
    const { option } = await freshStore("sqlite");
    const server = await startServer(["--store", option]);
    t.after(() => server.end("SIGKILL"));
    const token = await signIn(server.url);
    befall(option.slice("sqlite:".length));
    assert.equal((await call(server.url, "POST", "/login")).status, 503);
    assert.equal((await signOut(server.url, token)).status, 503);
    await waitUntil("it is not ready", async () => (await call(server.url, "GET", "/health/ready")).status === 503);
    assert.equal((await profile(server.url, token)).status, 503);
    assert.equal((await call(server.url, "GET", "/health/live")).status, 200);
    const { stdout, stderr } = server.output();
    assert.match(stdout + stderr, /was removed or exchanged since it was opened; put it back, or restart/);
  });
}

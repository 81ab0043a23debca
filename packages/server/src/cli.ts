#!/usr/bin/env node
// The `sessile` command.

import { setFlagsFromString } from "node:v8";

// Older releases cannot load the modules below, and would print a stack.
if (Number.parseInt(process.versions.node, 10) < 20) {
  process.stderr.write(
    `sessile: this is Node.js ${process.versions.node}, and sessile needs 22.13 or later. Install Node.js 24 (https://nodejs.org, or nvm install 24) and run the command again.\n`,
  );
  process.exit(2);
}

// Without this flag, objects that live from the start on (such as many sessions) may make V8 keep whole requests
// through several collections. Requests then take up to twice the CPU time, and wait up to 30 ms for a collection
// (docs/performance.md, "How it is measured").
setFlagsFromString("--no-allocation-site-pretenuring");

/** The reader closed the pipe early, as `head` does. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const { main } = await import("./cli/main.ts");
process.exitCode = await main(process.argv.slice(2), process.env, process);

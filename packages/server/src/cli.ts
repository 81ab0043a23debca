#!/usr/bin/env node
// The `sessile` command.

import { main } from "./cli/main.ts";

/** A program that was read from half-way, such as `head`, has seen enough. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv.slice(2), process.env, process);

#!/usr/bin/env node
// The `sessile` command: which command runs, and how a mistake ends.

import { SERVE_HELP, serve } from "./cli/serve.ts";
import { users } from "./cli/users.ts";
import { USERS_HELP } from "./cli/users-help.ts";
import { UsageError } from "./config/usage-error.ts";

async function main([command = "serve", ...args]: readonly string[]): Promise<void> {
  if (command === "users") return runUsers(args);
  if (command === "--help" || command === "help" || args.includes("--help")) process.stdout.write(SERVE_HELP);
  else if (command === "serve") await serve(args);
  else if (command.startsWith("--")) await serve([command, ...args]);
  else throw new UsageError(`"${command}" is no command. There are: serve, users.`);
}

async function runUsers(args: readonly string[]): Promise<void> {
  const isHelp = args.length === 0 || args.includes("--help");
  const terminal = { input: process.stdin, output: process.stderr };
  process.stdout.write(isHelp ? USERS_HELP : await users(args, process.env, terminal));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`sessile: ${error.message}\n`);
  process.exitCode = 2;
});

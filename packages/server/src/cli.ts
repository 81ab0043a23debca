#!/usr/bin/env node
// The `sessile` command: which command runs, and how a mistake ends.

import { describeOptions, readConfig } from "./config.ts";
import { serve } from "./serve.ts";
import { UsageError } from "./usage-error.ts";

const HELP = `Usage: sessile serve [options]

Serves sessions over HTTP.

${describeOptions()}
  --help                  show this
`;

async function main([command = "serve", ...args]: readonly string[]): Promise<void> {
  if (command === "--help" || command === "help" || args.includes("--help")) process.stdout.write(HELP);
  else if (command === "serve") await serve(readConfig(args, process.env));
  else if (command.startsWith("--")) await serve(readConfig([command, ...args], process.env));
  else throw new UsageError(`"${command}" is no command. There is: serve.`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`sessile: ${error.message}\n`);
  process.exitCode = 2;
});

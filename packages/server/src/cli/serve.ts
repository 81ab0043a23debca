// `sessile serve`.

import { readConfig } from "../config/config.ts";
import { describeOptions } from "../config/options.ts";
import { runServer } from "../ops/run-server.ts";

export const SERVE_HELP = `Usage: sessile serve [options]

Serves sessions over HTTP.

${describeOptions()}
  --help                  show this
`;

export function serve(args: readonly string[]): Promise<void> {
  return runServer(readConfig(args, process.env));
}

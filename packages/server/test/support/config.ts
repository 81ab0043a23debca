// The configuration that `sessile serve` reads.

import { readCall } from "#dist/cli/command.js";
import { SERVE_COMMAND } from "#dist/cli/serve.js";
import { type Config, parseConfig } from "#dist/config/config.js";

export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv): Config {
  return parseConfig(readCall(SERVE_COMMAND, args, env).settings);
}

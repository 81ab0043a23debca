// Runs a command in this process: a hundred of them take no longer than three processes.

import { PassThrough, Readable } from "node:stream";
import { main } from "#dist/cli/main.js";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `input` is what is piped in. */
export async function cli(args: readonly string[], env: Record<string, string> = {}, input = ""): Promise<Ran> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await main(args, env, { stdin: Readable.from([input]), stdout, stderr });
  return { code, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

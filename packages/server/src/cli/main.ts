// The command line, from arguments to exit code. Streams and environment are parameters.

import { UsageError } from "../config/usage-error.ts";
import { EXIT, type ExitCode, readCall } from "./command.ts";
import { COMMANDS, findCommand } from "./commands.ts";
import { helpOf, helpOfAll, helpOfGroup } from "./help.ts";
import { Output, type Streams } from "./terminal/output.ts";
import { CommandFailed } from "./with-store.ts";

/** Runs one command. A wrong command line prints one line on stderr; unforeseen errors are thrown. */
export async function main(args: readonly string[], env: NodeJS.ProcessEnv, streams: Streams): Promise<ExitCode> {
  try {
    return await run(args, env, streams);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof CommandFailed)) throw error;
    streams.stderr.write(`sessile: ${error.message}\n`);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv, streams: Streams): Promise<ExitCode> {
  const print = (text: string): ExitCode => {
    streams.stdout.write(text);
    return EXIT.done;
  };
  const [first = "", ...others] = args;
  if (first === "--version" || first === "-v") return run(["version", ...others], env, streams);
  if (first === "help" && others.length > 0) return run([...others, "--help"], env, streams);
  if (first === "help" || isHelp(first)) return print(helpOfAll(COMMANDS));
  const found = findCommand(args);
  if ("group" in found) return print(helpOfGroup(found.group, found.commands));
  if (asksForHelp(found.rest)) return print(helpOf(found.command));
  const call = readCall(found.command, found.rest, env);
  const output = new Output(streams, env, call.given["json"] === true);
  const { passedOver } = call.settings;
  if (passedOver !== null && found.command.settings?.includes("config"))
    output.note(`sessile: ${passedOver} of this folder is not read by itself here; --config ${passedOver} reads it.`);
  return found.command.run({ ...call, output });
}

/** After `--`, words are values, such as a name that begins with a dash. */
function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  return words.slice(0, end === -1 ? words.length : end).some(isHelp);
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

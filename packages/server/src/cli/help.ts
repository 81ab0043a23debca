// The help texts: of all commands, of a group, of one command.

import { describeOptions } from "../config/options.ts";
import { type Command, type CommandOption, settingsOf } from "./command.ts";

/** The column in which descriptions begin: two blanks after the longest option. */
const INDENT = 28;

export function helpOf(command: Command): string {
  const { name, takes, summary, options = [], notes, examples } = command;
  const own = [...options, { name: "help", help: "show this" }].map(describeOption);
  const settings = settingsOf(command);
  const usage = `Usage: sessile ${[name, takes, "[options]"].filter(Boolean).join(" ")}`;
  const parts = [`${usage}\n\n${summary}`, own.join("\n")];
  if (settings.length > 0) parts.push(describeOptions(settings, INDENT));
  if (notes !== undefined) parts.push(notes);
  parts.push(`Examples:\n\n${examples.map((example) => `  ${example}`).join("\n")}`);
  return `${parts.join("\n\n")}\n`;
}

/** `group` is the first word of several commands. */
export function helpOfGroup(group: string, commands: readonly Command[]): string {
  const rows = commands.map(describeCommand);
  return `Usage: sessile ${group} COMMAND [options]\n\n${rows.join("\n")}\n\nSee sessile ${group} COMMAND --help.\n`;
}

export function helpOfAll(commands: readonly Command[]): string {
  return `Usage: sessile COMMAND [options]

Serves sessions over HTTP, and manages them.

${commands.map(describeCommand).join("\n")}

sessile COMMAND --help shows its options, sessile version the release. Without a command, sessile serves.

Exit codes: 0 done; 1 failed, or a fault was found; 2 not understood, nothing was changed; 130 stopped.
`;
}

function describeCommand({ name, takes = "", summary }: Command): string {
  return `  ${`${name} ${takes}`.padEnd(INDENT - 2)}${summary}`;
}

function describeOption({ name, value, help }: CommandOption): string {
  return `${`  --${name}${value === undefined ? "" : ` ${value}`}`.padEnd(INDENT)}${help}`;
}

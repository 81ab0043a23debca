// `sessile completion`: shell scripts that complete commands and options, made from the table of commands.

import { UsageError } from "../config/usage-error.ts";
import { type Command, EXIT, settingsOf } from "./command.ts";

/** Every command's name and its options, with their dashes. */
type Words = ReadonlyMap<string, readonly string[]>;

const SHELLS: Readonly<Record<string, (words: Words) => string>> = { bash, zsh, fish };

export function completionCommand(all: () => readonly Command[]): Command {
  return {
    name: "completion",
    takes: "SHELL",
    summary: "print what bash, zsh or fish needs to complete the commands",
    examples: [
      "sessile completion bash > ~/.local/share/bash-completion/completions/sessile",
      "sessile completion zsh > ~/.zsh/completions/_sessile",
      "sessile completion fish > ~/.config/fish/completions/sessile.fish",
    ],
    run({ words: [shell = ""], output }) {
      if (!Object.hasOwn(SHELLS, shell))
        throw new UsageError(`"${shell}" is none of: ${Object.keys(SHELLS).join(", ")}.`);
      output.line((SHELLS[shell] as (words: Words) => string)(wordsOf(all())));
      return EXIT.done;
    },
  };
}

function wordsOf(commands: readonly Command[]): Words {
  return new Map(commands.map((command) => [command.name, optionsOf(command)]));
}

function optionsOf(command: Command): string[] {
  return [...(command.options ?? []), ...settingsOf(command), { name: "help" }].map(({ name }) => `--${name}`);
}

/** First words, and for each the second words. */
function groupsOf(words: Words): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of words.keys()) {
    const [first = "", second] = name.split(" ");
    groups.set(first, [...(groups.get(first) ?? []), ...(second === undefined ? [] : [second])]);
  }
  return groups;
}

function bash(words: Words): string {
  const groups = [...groupsOf(words)];
  const seconds = groups
    .filter(([, names]) => names.length > 0)
    .map(([first, names]) => `    ${first}) words="${names.join(" ")}" ;;`);
  const options = [...words].map(([name, names]) => `    "${name}"*) words="${names.join(" ")}" ;;`);
  return `# bash completion of sessile
_sessile() {
  local word="\${COMP_WORDS[COMP_CWORD]}" line="\${COMP_WORDS[*]:1:COMP_CWORD-1}" words=""
  if [[ $COMP_CWORD -eq 1 ]]; then words="${groups.map(([first]) => first).join(" ")}"
  elif [[ $word == -* ]]; then case "$line" in
${options.join("\n")}
  esac
  elif [[ $COMP_CWORD -eq 2 ]]; then case "$line" in
${seconds.join("\n")}
    completion) words="bash zsh fish" ;;
  esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _sessile sessile`;
}

function zsh(words: Words): string {
  const groups = [...groupsOf(words)];
  const seconds = groups
    .filter(([, names]) => names.length > 0)
    .map(([first, names]) => `    ${first}) compadd ${names.join(" ")} ;;`);
  const options = [...words].map(([name, names]) => `    "${name}"*) compadd -- ${names.join(" ")} ;;`);
  return `#compdef sessile
_sessile() {
  local line="\${words[2,CURRENT-1]}"
  if (( CURRENT == 2 )); then compadd ${groups.map(([first]) => first).join(" ")}
  elif [[ $words[CURRENT] == -* ]]; then case "$line" in
${options.join("\n")}
  esac
  elif (( CURRENT == 3 )); then case "$line" in
${seconds.join("\n")}
    completion) compadd bash zsh fish ;;
  esac
  else _files
  fi
}
# Both autoloaded from fpath and read with source.
if [[ $funcstack[1] == _sessile ]]; then _sessile "$@"; else compdef _sessile sessile; fi`;
}

function fish(words: Words): string {
  const lines = ["# fish completion of sessile", "complete -c sessile -f"];
  for (const [first, seconds] of groupsOf(words)) {
    lines.push(`complete -c sessile -n __fish_use_subcommand -a ${first}`);
    if (seconds.length === 0) continue;
    const none = `not __fish_seen_subcommand_from ${seconds.join(" ")}`;
    lines.push(`complete -c sessile -n "__fish_seen_subcommand_from ${first}; and ${none}" -a "${seconds.join(" ")}"`);
  }
  lines.push('complete -c sessile -n "__fish_seen_subcommand_from completion" -a "bash zsh fish"');
  for (const [name, options] of words) {
    const seen = name
      .split(" ")
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join("; and ");
    for (const option of options) lines.push(`complete -c sessile -n "${seen}" -l ${option.slice(2)}`);
  }
  return lines.join("\n");
}

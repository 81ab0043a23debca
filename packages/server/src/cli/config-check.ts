// `sessile config check`: every setting, its source, and whether the server would start with them.

import { existsSync } from "node:fs";
import { parseConfig } from "../config/config.ts";
import { isOpenToOthers, isWritableByOthers } from "../config/file-access.ts";
import { OPTIONS } from "../config/options.ts";
import { withoutPasswords } from "../config/without-password.ts";
import { chooseUsers } from "../identity/users/users-path.ts";
import { checkDemo } from "../serve/listen.ts";
import { type Call, type Command, EXIT, type ExitCode, JSON_OPTION } from "./command.ts";

export const CONFIG_COMMANDS: readonly Command[] = [
  {
    name: "config check",
    summary: "show every setting and its source, and refuse what the server would refuse",
    options: [JSON_OPTION],
    settings: OPTIONS.map(({ name }) => name),
    notes:
      "An option wins over its environment variable, that over the file, that over the default. It opens nothing and shows no password.",
    examples: ["sessile config check", "sessile config check --config /etc/sessile/sessile.config.json"],
    run: check,
  },
];

function check({ settings, output }: Call): ExitCode {
  const shown = OPTIONS.filter(({ name }) => name !== "config").map(({ name }) => {
    const { text, from } = settings.all[name] as { text: string; from: string };
    return { name, value: withoutPasswords(text), from };
  });
  if (output.isJson) output.json({ file: settings.path, settings: shown });
  else {
    output.line(settings.path === null ? "No configuration file." : `Configuration file: ${settings.path}`);
    output.line();
    output.table(
      ["SETTING", "VALUE", "FROM"],
      shown.map(({ name, value, from }) => [name, value || "-", from]),
    );
  }
  const config = parseConfig(settings);
  if (chooseUsers(config) === null) checkDemo(config);
  const warning = looseFile(settings.path);
  if (warning !== null) output.note(`\nWarning: ${warning}`);
  if (!output.isJson)
    output.line(`\n${output.paint("green", "The settings can be used.")} See sessile doctor for what they lead to.`);
  return EXIT.done;
}

/**
 * The file may hold the password of Redis, so others must not read it; and it names the Redis, so others must not write
 * it.
 */
export function looseFile(path: string | null): string | null {
  if (path === null || !existsSync(path) || !(isOpenToOthers(path) || isWritableByOthers(path))) return null;
  if (isWritableByOthers(path))
    return `${path} can be written by others, who can have the password of Redis sent to them. Make it yours and chmod go-w it.`;
  return `${path} can be read by others. If it holds a password, chmod 600 it, or use SESSILE_REDIS_PASSWORD.`;
}

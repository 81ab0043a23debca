// `sessile doctor`: checks everything that a server starts with, and prints a remedy for each fault.

import { parseConfig } from "../config/config.ts";
import { UsageError } from "../config/usage-error.ts";
import { printable } from "../http/printable.ts";
import { type Call, type Command, EXIT, type ExitCode, JSON_OPTION } from "./command.ts";
import { checkClock, checkFiles, checkRuntime, checkStore, checkUsers, type Finding } from "./doctor-checks.ts";

export const DOCTOR_COMMAND: Command = {
  name: "doctor",
  summary: "check settings, runtime, store and its promises, permissions and clock",
  options: [JSON_OPTION],
  settings: [
    "config",
    "store",
    "users",
    "token-keys",
    "demo",
    "host",
    "idle-timeout",
    "absolute-timeout",
    "longest-session",
  ],
  notes:
    "Changes nothing, and can run beside a running server. Exits with 1 when a check fails, with 0 when it only warns.",
  examples: ["sessile doctor", "sessile doctor --config /etc/sessile/sessile.config.json --json"],
  run: examine,
};

async function examine(call: Call): Promise<ExitCode> {
  const findings = [...settingsOf(call), checkRuntime(), ...checkFiles(call), ...(await checkStore(call))];
  findings.push(...checkUsers(call), checkClock());
  report(call, findings);
  return findings.some(({ state }) => state === "fails") ? EXIT.failed : EXIT.done;
}

function settingsOf({ settings }: Call): readonly Finding[] {
  try {
    parseConfig(settings);
    const from = settings.path === null ? "no configuration file" : settings.path;
    return [{ about: "settings", state: "ok", text: `understood; ${from}` }];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [{ about: "settings", state: "fails", text: error.message }];
  }
}

const STYLES = { ok: "green", warns: "yellow", fails: "red" } as const;

function report({ output }: Call, findings: readonly Finding[]): void {
  if (output.isJson) {
    output.json(findings.map(({ about, state, text }) => ({ about, state, text })));
    return;
  }
  const width = Math.max(...findings.map(({ about }) => about.length));
  for (const { about, state, text } of findings) {
    output.line(`${output.paint(STYLES[state], state.padEnd(5))}  ${about.padEnd(width)}  ${printable(text)}`);
  }
}

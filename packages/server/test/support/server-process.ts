// The real server in a process of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

export interface ServerProcess {
  readonly url: string;
  /** What it printed so far. */
  readonly output: () => { stdout: string; stderr: string };
  /** Sends a signal and waits for the end; the exit code, or `null` after a signal that cannot be handled. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
}

/** Starts the server on a free port and waits until it says that it serves. */
export async function startServer(args: readonly string[], env: Record<string, string> = {}): Promise<ServerProcess> {
  const { child, output } = run(["serve", "--port", "0", ...args], env);
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const match = /^Sessile serves sessions on (\S+)\n[\s\S]*\n\n$/.exec(output().stdout);
      if (match !== null) resolve(match[1] as string);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${output().stderr}`)));
  });
  return { url, output, end: (signal = "SIGTERM") => end(child, signal) };
}

/** Runs the command to its end. */
export async function runCli(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { child, output } = run(args, env);
  const [code] = (await once(child, "exit")) as [number | null];
  return { code, ...output() };
}

function run(
  args: readonly string[],
  env: Record<string, string>,
): { child: ChildProcess; output: ServerProcess["output"] } {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  const texts = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").prependListener("data", (text: string) => {
    texts.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    texts.stderr += text;
  });
  return { child, output: () => ({ ...texts }) };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, "exit");
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

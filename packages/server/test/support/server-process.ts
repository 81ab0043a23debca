// The real server in a process of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Changes to the tuned server for one test. */
export interface Tuning {
  readonly stopDeadline?: number;
  readonly connectionTimeout?: number;
  readonly requestTimeout?: number;
}

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const TUNED = fileURLToPath(new URL("./tuned-server.js", import.meta.url));

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** Its output so far. */
  readonly output: () => { stdout: string; stderr: string };
  /** The whole lines of stderr that were not taken yet; they are forgotten. */
  readonly takeLines: () => string[];
  /** Sends a signal and waits for the end; the exit code, or `null` after a signal that cannot be handled. */
  readonly end: (signal?: NodeJS.Signals) => Promise<number | null>;
  /** Sends a signal and does not wait. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Tells the tuned server to misbehave, see there. */
  readonly tell: (message: string) => void;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

/** Starts the server on a free port and waits until it says that it serves. */
export async function startServer(args: readonly string[], env: Record<string, string> = {}): Promise<ServerProcess> {
  return listening(run([CLI, "serve", "--port", "0", ...args], env));
}

/** The same, with limits that a test can wait for; see `tuned-server.ts`. All are milliseconds. */
export async function startTunedServer(args: readonly string[], tuning: Tuning = {}): Promise<ServerProcess> {
  return listening(run([TUNED, "--port", "0", ...args], { TUNING: JSON.stringify(tuning) }));
}

async function listening({ child, output, takeLines }: Running): Promise<ServerProcess> {
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const match = /^Sessile serves sessions on (\S+)\n[\s\S]*\n\n$/.exec(output().stdout);
      if (match !== null) resolve(match[1] as string);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${output().stderr}`)));
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  return {
    url,
    pid: child.pid as number,
    output,
    takeLines,
    end: (signal = "SIGTERM") => end(child, signal),
    signal: (signal) => void child.kill(signal),
    tell: (message) => void child.send(message),
    ended,
  };
}

/** Runs the command to its end. */
export async function runCli(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { child, output } = run([CLI, ...args], env);
  const [code] = (await once(child, "exit")) as [number | null];
  return { code, ...output() };
}

interface Running {
  readonly child: ChildProcess;
  readonly output: ServerProcess["output"];
  readonly takeLines: ServerProcess["takeLines"];
}

function run(args: readonly string[], env: Record<string, string>): Running {
  const child = spawn(process.execPath, [...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
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
  const takeLines = (): string[] => {
    const lines = texts.stderr.split("\n");
    texts.stderr = lines.pop() ?? "";
    return lines;
  };
  return { child, output: () => ({ ...texts }), takeLines };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, "exit");
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

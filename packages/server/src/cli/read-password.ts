// Asks for a password on a terminal, without showing it, or reads it from a pipe. Never from the command line, where every
// other user of the machine can read it.

import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "../config/usage-error.ts";
import { LONGEST_PASSWORD } from "../identity/users/password.ts";

/** Standard input, and where to ask. Not standard output, which may be a pipe. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/** The new password: typed twice the same, or the pipe's text without the line end. Throws `UsageError` when there is none. */
export async function readNewPassword(terminal: Terminal): Promise<string> {
  if (terminal.input.isTTY !== true) return readPipe(terminal.input);
  const [first, second] = await ask(terminal, "New password: ", "Again: ");
  if (first === second) return first as string;
  throw new UsageError("The two passwords differ. Nothing was changed.");
}

async function readPipe(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk));
    size += chunks.at(-1)?.length ?? 0;
    if (size > LONGEST_PASSWORD + 2) throw new UsageError(`A password has at most ${LONGEST_PASSWORD} bytes.`);
  }
  const text = decode(Buffer.concat(chunks)).replace(/\r?\n$/, "");
  if (text !== "") return text;
  throw new UsageError("There is no password on standard input. Type it on a terminal, or pipe it in.");
}

/** Bytes that are no UTF-8 would all become the same character, and so would different passwords. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError("The password on standard input must be UTF-8.");
  }
}

/** One line for each question. What is typed is shown nowhere and not remembered. */
async function ask({ input, output }: Terminal, ...questions: readonly string[]): Promise<string[]> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input, output: nowhere, terminal: true, historySize: 0 });
  const answers: string[] = [];
  try {
    const typed = lines[Symbol.asyncIterator]();
    for (const question of questions) {
      output.write(question);
      const { value, done } = await typed.next();
      output.write("\n");
      if (done === true) throw new UsageError("Nothing was changed.");
      answers.push(value);
    }
    return answers;
  } finally {
    lines.close();
  }
}

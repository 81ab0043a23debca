// Reads a password from a terminal, without echo, or from a pipe. Never from the command line, which other users of the
// machine can read.

import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UsageError } from "../config/usage-error.ts";
import { LONGEST_PASSWORD } from "../identity/users/password.ts";

/** Standard input, and the stream for the questions: not standard output, which may be a pipe. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * The new password: typed twice, or the text of the pipe without its line end. Throws `UsageError` when there is none.
 */
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

/** Invalid UTF-8 would become replacement characters, and different passwords the same one. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError("The password on standard input must be UTF-8.");
  }
}

/** One line a question, without echo and without history. */
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

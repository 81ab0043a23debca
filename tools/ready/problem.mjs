// An error that the reader can act on: its message is all there is to say, so no stack is shown.
export class Problem extends Error {}

/** Says on stderr what went wrong; a mistake in the tools themselves keeps its stack. */
export function explain(error) {
  process.stderr.write(`${error instanceof Problem ? error.message : error.stack}\n`);
}

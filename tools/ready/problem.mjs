// An error that the reader can act on. Its message is complete, so no stack is shown.
export class Problem extends Error {}

/** Prints an error on stderr; a mistake in the tools themselves keeps its stack. */
export function explain(error) {
  process.stderr.write(`${error instanceof Problem ? error.message : error.stack}\n`);
}

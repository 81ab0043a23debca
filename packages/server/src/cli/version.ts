// `sessile version`: prints the release.

import { version } from "../config/version.ts";
import { type Command, EXIT } from "./command.ts";

export const VERSION_COMMAND: Command = {
  name: "version",
  summary: "print the release; also sessile --version",
  examples: ["sessile version"],
  run({ output }) {
    output.line(version());
    return EXIT.done;
  },
};

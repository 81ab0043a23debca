// `sessile serve`: runs the server.

import { parseConfig } from "../config/config.ts";
import { OPTIONS } from "../config/options.ts";
import { type Command, EXIT } from "./command.ts";

export const SERVE_COMMAND: Command = {
  name: "serve",
  summary: "serve sessions over HTTP until SIGTERM or SIGINT",
  settings: OPTIONS.map(({ name }) => name),
  findsFile: true,
  notes: "An option wins over its environment variable, that over the configuration file, that over the default.",
  examples: [
    "sessile serve",
    "sessile serve --store redis://127.0.0.1:6379/0 --users /var/lib/sessile/users.db",
    "sessile serve --config /etc/sessile/sessile.config.json",
  ],
  async run({ settings }) {
    const config = parseConfig(settings);
    // Imported late: it takes longer to load than any other command takes to run.
    const { runServer } = await import("../serve/run-server.ts");
    await runServer(config);
    return EXIT.done;
  },
};

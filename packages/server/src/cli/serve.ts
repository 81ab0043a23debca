// `sessile serve`.

import cluster from "node:cluster";
import { parseConfig } from "../config/config.ts";
import { OPTIONS } from "../config/options.ts";
import { announce, joinCrew } from "../serve/worker.ts";
import { runWorkers } from "../serve/workers.ts";
import { type Command, EXIT, type ExitCode } from "./command.ts";

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
  async run({ settings, output }) {
    const config = parseConfig(settings);
    // Only here, because it takes longer to load than all other commands take to run.
    const { runServer } = await import("../serve/run-server.ts");
    if (cluster.isWorker) await runServer({ ...config, metrics: null }, { announce, joinCrew });
    else if (config.workers === 1) await runServer(config);
    else return (await runWorkers(config, (text) => output.text(text))) as ExitCode;
    return EXIT.done;
  },
};

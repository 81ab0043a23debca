// `sessile serve`.

import cluster from "node:cluster";
import { type Config, parseConfig } from "../config/config.ts";
import { OPTIONS } from "../config/options.ts";
import { announce, runWorkers, workerPlace } from "../ops/workers.ts";
import { type Command, EXIT, type ExitCode } from "./command.ts";

export const SERVE_COMMAND: Command = {
  name: "serve",
  summary: "serve sessions over HTTP until SIGTERM or SIGINT",
  settings: OPTIONS.map(({ name }) => name),
  notes: "An option wins over its environment variable, that over the configuration file, that over the default.",
  examples: [
    "sessile serve",
    "sessile serve --store redis://127.0.0.1:6379/0 --users /var/lib/sessile/users.db",
    "sessile serve --config /etc/sessile/sessile.config.json",
  ],
  async run({ settings, output }) {
    const config = parseConfig(settings);
    // Only here, because it takes longer to load than all other commands take to run.
    const { runServer } = await import("../ops/run-server.ts");
    if (cluster.isWorker) await runServer(inPlace(config), { announce });
    else if (config.workers === 1) await runServer(config);
    else return (await runWorkers(config, (text) => output.text(text))) as ExitCode;
    return EXIT.done;
  },
};

/** Each worker has an address for its own figures: one that they shared would show another's each time. */
function inPlace(config: Config): Config {
  const { metrics } = config;
  if (!metrics || metrics.port === 0) return config;
  return { ...config, metrics: { ...metrics, port: metrics.port + workerPlace() } };
}

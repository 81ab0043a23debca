// `npm run bench` and `npm run bench -- --all`: installs missing programs, measures, writes bench/results/ and
// docs/performance.md. Words choose questions by a part of their name. Needs about 5 and 30 minutes, and an otherwise
// idle machine.
import { postgresEnv } from "../tools/postgres.mjs";
import { runInPlace } from "../tools/ready/in-place.mjs";
import { installFolder } from "../tools/ready/packages.mjs";
import { explain } from "../tools/ready/problem.mjs";
import { makeReady } from "../tools/ready/ready.mjs";
import { inRoot } from "../tools/ready/repository.mjs";

try {
  const { node, env } = await makeReady();
  await installFolder(inRoot("bench"), "Installing what Sessile is measured against (first run only)…");
  const all = { ...env, ...(await postgresEnv()) };
  process.exitCode = await runInPlace(node, [inRoot("bench/run.mjs"), ...process.argv.slice(2)], all);
} catch (error) {
  explain(error);
  process.exitCode = 1;
}

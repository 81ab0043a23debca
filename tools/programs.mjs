// `npm run test:long [-- NAME …]` and `npm run measure [-- NAME …]`: makes everything ready, then runs one of the
// programs below. Words after the name are passed to the program. Without a name, `test:long` runs all of its programs,
// and `measure` the first of its own.
import { runInPlace } from "./ready/in-place.mjs";
import { explain, Problem } from "./ready/problem.mjs";
import { makeReady } from "./ready/ready.mjs";
import { inRoot } from "./ready/repository.mjs";
import { say } from "./tests/print.mjs";

/** The arguments of Node that run each program. */
const PROGRAMS = {
  "test:long": {
    tests: [inRoot("tools/test.mjs"), "long"],
    fuzz: [inRoot("tools/fuzz/main.mjs")],
    faults: [inRoot("packages/server/build-test/faults/main.js")],
    leaks: [inRoot("tools/leaks/main.mjs")],
    frameworks: [inRoot("tools/frameworks/main.mjs")],
    bundles: [inRoot("tools/bundles/main.mjs")],
    runtimes: [inRoot("tools/other-runtimes.mjs")],
    image: [inRoot("tools/image.mjs")],
  },
  measure: {
    design: [inRoot("tools/measure/design.mjs")],
    admin: [inRoot("tools/measure/admin.mjs")],
    cache: [inRoot("tools/measure/cache.mjs")],
    growth: ["--expose-gc", "--max-old-space-size=8192", inRoot("tools/measure/growth.mjs")],
    migration: [inRoot("tools/measure/migration.mjs")],
    redis: [inRoot("tools/measure/redis.mjs")],
    screenshots: [inRoot("tools/measure/screenshots.mjs")],
  },
};

const [script, name, ...words] = process.argv.slice(2);
try {
  process.exitCode = await runAll(chosen());
} catch (error) {
  explain(error);
  process.exitCode = 1;
}

function chosen() {
  const names = Object.keys(PROGRAMS[script]);
  if (name === undefined) return script === "measure" ? names.slice(0, 1) : names;
  if (names.includes(name)) return [name];
  throw new Problem(`Unknown name "${name}". npm run ${script} -- ${names.join(" | ")}`);
}

/** @returns the exit code of the last that failed */
async function runAll(names) {
  const { node, env } = await makeReady();
  let failure = 0;
  for (const each of names) {
    // The tests choose the Nodes that they run on.
    const code = await runInPlace(
      each === "tests" ? process.execPath : node,
      [...PROGRAMS[script][each], ...words],
      env,
    );
    if (names.length > 1) say(`${each}: ${code === 0 ? "ok" : `exit code ${code}`}\n`);
    failure = code || failure;
  }
  return failure;
}

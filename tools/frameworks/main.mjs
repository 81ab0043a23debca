// `npm run test:long -- frameworks`: builds the programs that docs/guide/meta-frameworks.md quotes with the real
// frameworks, beside the library as it is packed, and uses each over HTTP. Words choose frameworks by a part of their
// name, in any case.

import { explain, Problem } from "../ready/problem.mjs";
import { add } from "../tests/lane.mjs";
import { printTotals, say } from "../tests/print.mjs";
import { APPS } from "./apps.mjs";
import { drive } from "./drive.mjs";
import { buildApp, packLibrary } from "./project.mjs";
import { startApp } from "./server.mjs";

for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => process.exit(code));
}

const totals = await test(process.argv.slice(2)).catch(failed);
printTotals(totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

async function test(filters) {
  const words = filters.map((word) => word.toLowerCase());
  const apps = APPS.filter(({ name }) => words.length === 0 || words.some((word) => name.toLowerCase().includes(word)));
  if (apps.length === 0) throw new Problem(`No framework matches: ${filters.join(" ")}.`);
  const library = await packLibrary();
  const sums = { passed: 0, failed: 0, skipped: 0 };
  for (const app of apps) add(sums, await testApp(app, process.execPath, library).catch(failed));
  return sums;
}

async function testApp(app, node, library) {
  const { folder, versions } = await buildApp(app, node, library);
  say(versions);
  if (app.start === undefined) return { passed: app.build.length, failed: 0, skipped: 0 };
  const server = await startApp(app, node, folder);
  try {
    const result = await drive(app, server.url);
    if (result.failed > 0) say(server.output());
    return result;
  } finally {
    await server.end();
  }
}

function failed(error) {
  explain(error);
  return { passed: 0, failed: 1, skipped: 0 };
}

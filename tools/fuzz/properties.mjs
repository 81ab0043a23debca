// The process of `npm run test:long -- fuzz`: lists the properties, or tries one with the given cases and seed.
import { tryProperty } from "../../packages/test-support/dist/properties.js";
import { inRoot } from "../ready/repository.mjs";

const PACKAGES = ["sessile", "server"];

const lists = PACKAGES.map((name) => import(inRoot(`packages/${name}/build-test/fuzz/properties.js`)));
const properties = (await Promise.all(lists)).flatMap((module) => module.properties);
const [wanted, cases, seed] = process.argv.slice(2);

if (wanted === undefined) send(properties.map(({ name, cases }) => ({ name, cases })));
else send(await attempt(properties.find(({ name }) => name === wanted)));

async function attempt(property) {
  if (property.skip) return { seed, cases: 0, ms: 0, report: null, skipped: property.skip };
  return tryProperty(property, { cases: Number(cases), seed: Number(seed) });
}

/** Handles that a property left open must not delay the answer. */
function send(message) {
  process.send(message, () => process.exit());
}

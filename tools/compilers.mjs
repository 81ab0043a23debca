// The older TypeScript compilers that the deep tests of types run beside the current one.
import { installFolder } from "./ready/packages.mjs";
import { inRoot } from "./ready/repository.mjs";

/** What the tests are told: the folder that holds the compilers by their names. */
export async function compilersEnv() {
  await installFolder(
    inRoot("tools/compilers"),
    "Fetching two older TypeScript compilers for the tests of types, 55 MB (first time only)…",
    ["--no-bin-links"],
  );
  return { SESSILE_COMPILERS: inRoot("tools/compilers/node_modules") };
}

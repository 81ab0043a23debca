// The path of the repository. Every tool works from there, wherever it was called.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root folder, without a slash at its end. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** An absolute path made of parts below the root. */
export const inRoot = (...parts) => join(root, ...parts);

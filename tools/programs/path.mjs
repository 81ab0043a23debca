// Looks programs up on PATH.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The full path of a program, or undefined when PATH has none of that name. */
export function findOnPath(name) {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// Records the output of this process, at the places where JavaScript prints.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { inspect } from "node:util";

/**
 * Calls `write` with everything that goes to stdout or stderr from now on, and with what Node itself prints of an
 * error.
 */
export function tee(write) {
  for (const stream of [process.stdout, process.stderr]) teeStream(stream, write);
  for (const name of ["write", "writeSync", "writev", "writevSync"]) teeDescriptor(name, write);
  syncBuiltinESMExports();
  // Node prints these by itself, past every function of JavaScript.
  process.on("uncaughtExceptionMonitor", (error) => write(`${inspect(error)}\n`));
  process.on("warning", (warning) => write(`${inspect(warning)}\n`));
}

function teeStream(stream, write) {
  const original = stream.write;
  stream.write = function (chunk, ...rest) {
    if (typeof chunk === "string" || chunk instanceof Uint8Array) write(chunk);
    return original.call(this, chunk, ...rest);
  };
}

/** The log of the server writes to the descriptors, past the streams. */
function teeDescriptor(name, write) {
  const original = fs[name];
  fs[name] = function (descriptor, data, ...rest) {
    if (descriptor === 1 || descriptor === 2) for (const each of [data].flat()) write(each);
    return original.call(this, descriptor, data, ...rest);
  };
}

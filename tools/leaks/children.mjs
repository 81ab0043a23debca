// Watches every child process as its parent is watched, and records its output.
import childProcess, { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";

const PASSED_ON = ["NODE_OPTIONS", "SESSILE_LEAKS_FOLDER", "SESSILE_LEAKS_FILE"];
const INHERITED = Object.fromEntries(PASSED_ON.map((name) => [name, process.env[name]]));

export function instrumentChildren(write) {
  tapSpawn(write);
  for (const name of ["spawnSync", "execFileSync", "execSync"]) tapSync(name, write);
  syncBuiltinESMExports();
}

/** `spawn`, `fork`, `exec` and `execFile` all end here. */
function tapSpawn(write) {
  const original = ChildProcess.prototype.spawn;
  ChildProcess.prototype.spawn = function (options) {
    const given = options.envPairs ?? [];
    const added = Object.entries(INHERITED).filter(([name]) => !given.some((pair) => pair.startsWith(`${name}=`)));
    const envPairs = [...given, ...added.map(([name, value]) => `${name}=${value}`)];
    const result = original.call(this, { ...options, envPairs });
    for (const stream of [this.stdout, this.stderr]) if (stream) tapReading(stream, write);
    return result;
  };
}

/** Observes the data without reading the stream, so that nothing changes for its reader. */
function tapReading(stream, write) {
  const original = stream.push;
  stream.push = function (chunk, ...rest) {
    if (chunk !== null) write(chunk);
    return original.call(this, chunk, ...rest);
  };
}

function tapSync(name, write) {
  const original = childProcess[name];
  childProcess[name] = (...args) => {
    try {
      const result = original(...withEnv(args));
      record(result, write);
      return result;
    } catch (error) {
      record(error, write);
      throw error;
    }
  };
}

/** Options are the last argument, where there are any. */
function withEnv(args) {
  const last = args.at(-1);
  const isOptions = typeof last === "object" && last !== null && !Array.isArray(last);
  const options = isOptions ? last : {};
  return [
    ...(isOptions ? args.slice(0, -1) : args),
    { ...options, env: { ...INHERITED, ...(options.env ?? process.env) } },
  ];
}

/** Bytes, text, or an object with both outputs. */
function record(result, write) {
  const isBytes = typeof result === "string" || result instanceof Uint8Array;
  for (const output of isBytes ? [result] : [result?.stdout, result?.stderr]) if (output) write(output);
}

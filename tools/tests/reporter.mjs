// A reporter for Node's test runner: sends each result to the process that started the test file, and prints nothing.
import { Transform } from "node:stream";
import { inspect } from "node:util";

// Without its parent, a test file has no process to report to.
process.once("disconnect", () => process.exit(1));
process.channel?.unref();

/** The names of the open tests, outermost first. */
const names = [];

/** The runner's own counts, which come as remarks too. */
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

export default new Transform({
  writableObjectMode: true,
  transform(event, _encoding, done) {
    report(event);
    done();
  },
  flush(done) {
    process.send({ kind: "end" });
    done();
  },
});

function report({ type, data }) {
  if (type === "test:diagnostic" && !SUMMARY.test(data.message)) process.send({ kind: "remark", text: data.message });
  if (type === "test:dequeue") process.send({ kind: "begin", name: data.name });
  if (type === "test:start") names.splice(data.nesting, names.length, data.name);
  if (type === "test:pass" || type === "test:fail") process.send(result(type, data));
}

function result(type, data) {
  const error = data.details.error;
  const path = [...names.slice(0, data.nesting), data.name].join(" > ");
  const inner = error?.failureType === "subtestsFailed";
  return { kind: outcome(type, data, inner), name: data.name, path, inner, details: error && describe(error) };
}

// A suite is only a heading, unless its hook failed: then none of its tests has run.
function outcome(type, data, inner) {
  if (data.skip !== undefined || data.todo !== undefined) return "skipped";
  if (type === "test:pass" || inner) return data.details.type === "suite" ? "heading" : verdict(type);
  return "failed";
}

const verdict = (type) => (type === "test:pass" ? "passed" : "failed");

/** The failure, without the runner's own wrapping and stack lines. */
function describe(error) {
  const cause = error.cause ?? error;
  const text = typeof cause === "string" ? cause : detail(cause);
  return text.replace(/\n +at .*\bnode:[\w/]+:\d.*/g, "");
}

// An assertion's message already shows its values.
const detail = (cause) => (cause?.code === "ERR_ASSERTION" ? cause.stack : inspect(cause));

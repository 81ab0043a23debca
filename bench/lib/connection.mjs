// One connection of the load. As cheap as possible, so that the server is the limit: it reads into one buffer, and
// parses a response only when its length or its last byte differs from the one before: express-session sends the last
// byte on its own, so a longer response without it may have the usual length. Its only clock times a request.
import { connect } from "node:net";

const HEAD_END = Buffer.from("\r\n\r\n");
const CHUNKED_END = Buffer.from("0\r\n\r\n");

export class Connection {
  #socket;
  #run = null;
  #done = null;
  #fail = null;
  #sentAt = 0;
  /** The length and the last byte of the response before. */
  #usual = 0;
  #end = 0;
  #parts = [];

  static open(port) {
    const connection = new Connection();
    const buffer = Buffer.alloc(64 * 1024);
    const onread = { buffer, callback: (length) => connection.#read(buffer.subarray(0, length)) };
    return new Promise((resolve, reject) => {
      connection.#socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
      connection.#socket.once("connect", () => resolve(connection));
      connection.#socket.on("error", reject);
      connection.#socket.on("close", () => connection.#fail?.(new Error("The server closed a connection.")));
    });
  }

  /** Sends one request after the other until the time of the run is over. */
  work(run) {
    this.#run = run;
    return new Promise((resolve, reject) => {
      this.#done = resolve;
      this.#fail = reject;
      this.#send();
    });
  }

  close() {
    this.#fail = null;
    this.#socket.destroy();
  }

  #send() {
    const run = this.#run;
    if (run.next === run.requests.length) run.next = 0;
    this.#sentAt = performance.now();
    this.#socket.write(run.requests[run.next++]);
  }

  #read(chunk) {
    const isUsual = chunk.length === this.#usual && chunk.at(-1) === this.#end;
    if (this.#parts.length === 0 && isUsual) this.#answered(chunk);
    else this.#collect(chunk);
    return true;
  }

  #collect(chunk) {
    this.#parts.push(Buffer.from(chunk));
    const whole = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    if (!isWhole(whole)) return;
    this.#parts = [];
    this.#usual = whole.length;
    this.#end = whole.at(-1);
    this.#answered(whole);
  }

  #answered(response) {
    const run = this.#run;
    const now = performance.now();
    run.times[run.count++] = now - this.#sentAt;
    if (response.latin1Slice(9, 12) !== run.status) run.unexpected++;
    if (now < run.until) this.#send();
    else this.#done();
  }
}

function isWhole(response) {
  const headEnd = response.indexOf(HEAD_END);
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(response.latin1Slice(0, headEnd));
  if (length !== null) return response.length >= headEnd + 4 + Number(length[1]);
  return response.subarray(-CHUNKED_END.length).equals(CHUNKED_END);
}

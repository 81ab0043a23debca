// The way to Postgres: what is sent again and how, what is given up, and that no error quotes a parameter.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isSessionError } from "sessile";
import { PostgresLink } from "#dist/stores/postgres/link.js";
import type { Manner, Running } from "#dist/stores/postgres/port.js";

const SECRET = "session-data-of-a-user";
const READ = { doing: "load a session", name: "load", text: "SELECT $1", isRead: true };
const WRITE = { doing: "commit a change", name: "commit", text: "UPDATE $1", isRead: false };

interface Sent extends Manner {
  isAbandoned?: boolean;
}

/** A link to a port that answers with each of these in turn, then with rows. */
function linkTo(answers: (string | Error | "never")[], deadline = 10_000): { link: PostgresLink; sent: Sent[] } {
  const sent: Sent[] = [];
  const answerOf = (answer: string | Error | undefined): Running["rows"] => {
    if (answer === "never") return new Promise(() => {});
    if (typeof answer === "string") return Promise.reject(Object.assign(new Error(answer), { code: answer }));
    return answer === undefined ? Promise.resolve([["done"]]) : Promise.reject(answer);
  };
  const run = (_statements: unknown, manner: Manner): Running => {
    const each: Sent = { ...manner };
    sent.push(each);
    const abandon = () => {
      each.isAbandoned = true;
    };
    return { rows: answerOf(answers.shift()), abandon };
  };
  return { link: new PostgresLink({ run }, deadline), sent };
}

test("a pooler that loses named statements is sent unnamed ones from then on, and no call fails", async () => {
  for (const code of ["26000", "42P05"]) {
    const { link, sent } = linkTo([code]);
    assert.deepEqual(await link.run(WRITE, []), [["done"]]);
    await link.run(READ, []);
    assert.deepEqual(
      sent.map(({ isNamed }) => isNamed),
      [true, false, false],
    );
  }
});

test("a stricter isolation level that turns a statement away makes all further ones READ COMMITTED", async () => {
  const { link, sent } = linkTo(["40001"]);
  assert.deepEqual(await link.run(WRITE, []), [["done"]]);
  await link.run(READ, []);
  assert.deepEqual(
    sent.map(({ isTransaction }) => isTransaction),
    [false, true, true],
  );
});

test("P2: a read whose connection was lost is sent once more, and a write never", async () => {
  for (const lost of ["57P01", "08006", "53300", Object.assign(new Error("write EPIPE"), { code: "EPIPE" })]) {
    const read = linkTo([lost]);
    assert.deepEqual(await read.link.run(READ, []), [["done"]]);
    const write = linkTo([lost]);
    await assert.rejects(write.link.run(WRITE, []), { code: "ERR_SESSION_STORE" });
    assert.deepEqual([read.sent.length, write.sent.length], [2, 1]);
  }
  const refused = linkTo(["42501"]);
  await assert.rejects(refused.link.run(READ, []), { code: "ERR_SESSION_STORE" });
  assert.equal(refused.sent.length, 1, "an answer is no outage");
});

test("P2: a statement that is not answered in time fails, and its connection is given up", async () => {
  const { link, sent } = linkTo(["never"], 10);
  const message = "Postgres did not answer `commit a change` within 10 ms.";
  await assert.rejects(link.run(WRITE, []), { code: "ERR_SESSION_STORE", message });
  assert.equal(sent[0]?.isAbandoned, true);
});

test("P5: lost connections open the circuit; answers that refuse do not, nor a full disk", async () => {
  const lost = linkTo(Array.from({ length: 24 }, () => "57P01"));
  const refused = linkTo(Array.from({ length: 48 }, (_, i) => (i % 2 ? "42501" : "53100")));
  for (let i = 0; i < 24; i++) await lost.link.run(WRITE, []).catch(() => {});
  for (let i = 0; i < 48; i++) await refused.link.run(WRITE, []).catch(() => {});
  assert.deepEqual([lost.link.circuit.state, refused.link.circuit.state], ["open", "closed"]);
});

test("M6: no error shows a parameter, whatever Postgres or the client puts into it", async () => {
  for (const message of [`invalid input syntax for type bigint: "${SECRET}"`, `near ${SECRET}`, SECRET, ""]) {
    const { link } = linkTo([Object.assign(new Error(message), { code: "22P02", detail: SECRET })]);
    const error = await link.run(WRITE, [SECRET]).catch((reason: unknown) => reason);
    assert.ok(isSessionError(error, "ERR_SESSION_STORE"));
    assert.ok(!JSON.stringify([error.message, String(error.cause), error]).includes(SECRET), error.message);
  }
});

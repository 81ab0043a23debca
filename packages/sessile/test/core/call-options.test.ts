// The options of calls: unknown names and what is no object are refused before anything happens.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Bench, sidOf } from "../support/requests.ts";

const refused = (message: RegExp | string) => ({ code: "ERR_SESSION_VALUE", statusCode: 500, message });

describe("a misspelt option", () => {
  test("of revokeUser ends no session, not even the present one", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann");
    const sid = sidOf(token);
    const misspelt = bench.manager.revokeUser("ann", { exept: sid } as object);
    await assert.rejects(misspelt, refused("Unknown option `exept`. Did you mean `except`?"));
    await assert.rejects(bench.manager.revokeUser("ann", sid as never), refused("`options` must be an object."));
    assert.equal(await bench.userOf(token), "ann");
    assert.equal(await bench.manager.revokeUser("ann", { except: sid }), 0);
  });

  test("of revoke ends no session", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann");
    const sid = sidOf(token);
    const misspelt = bench.manager.revoke(sid, { userID: "bob" } as object);
    await assert.rejects(misspelt, refused("Unknown option `userID`. Did you mean `userId`?"));
    await assert.rejects(bench.manager.revoke(sid, "bob" as never), refused("`options` must be an object."));
    assert.equal(await bench.userOf(token), "ann");
  });

  test("of list, listAll and find is refused", async () => {
    const { manager } = new Bench();
    const page = { limits: 2 } as object;
    for (const call of [() => manager.list("ann", page), () => manager.listAll(page)])
      await assert.rejects(call, refused("Unknown option `limits`. Did you mean `limit`?"));
    await assert.rejects(() => manager.list("ann", 2 as never), refused("`options` must be an object."));
    await assert.rejects(
      () => manager.find("x", { date: true } as object),
      refused("Unknown option `date`. Did you mean `data`?"),
    );
    await assert.rejects(() => manager.find("x", true as never), refused("`options` must be an object."));
  });

  test("of signIn begins no session, and ends none", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann");
    await bench.send(token, async (session) => {
      for (const [options, message] of [
        [{ persist: false }, /^Unknown option `persist`\. /],
        [{ maxAge: 1 }, "Unknown option `maxAge`. Did you mean `absoluteTimeout`?"],
        [{ devise: "x" }, "Unknown option `devise`. Did you mean `device`?"],
        [null, "`options` must be an object."],
      ] as [object, string | RegExp][])
        await assert.rejects(session.signIn("bob", options), refused(message));
    });
    assert.equal(await bench.userOf(token), "ann");
  });

  test("of elevate is refused", async () => {
    const bench = new Bench();
    await bench.send(await bench.signIn("ann"), async (session) => {
      const proof = { for: "ann", methode: "passkey" };
      await assert.rejects(session.elevate(proof), refused("Unknown option `methode`. Did you mean `method`?"));
      await assert.rejects(session.elevate("ann" as never), refused("`options` must be an object."));
    });
  });
});

describe("the userId of revoke", () => {
  test("that is no string is refused, naming the way out", async () => {
    const bench = new Bench();
    const sid = sidOf(await bench.signIn("42"));
    for (const userId of [42, 42n, {}, Symbol("42")])
      await assert.rejects(bench.manager.revoke(sid, { userId } as never), refused(/`userId` .*`String\(id\)`/));
  });

  test("that is null matches no anonymous session", async () => {
    const bench = new Bench();
    const { issued } = await bench.send(null, (session) => session.set("k", 1));
    const sid = sidOf(issued as string);
    for (const userId of [null, undefined]) assert.equal(await bench.manager.revoke(sid, { userId } as never), false);
    assert.notEqual(await bench.manager.find(sid), null);
  });
});

describe("the label of a device", () => {
  const labelOf = async (device: string): Promise<string | null | undefined> => {
    const bench = new Bench();
    const { issued } = await bench.send(null, (session) => session.signIn("ann", { device }));
    return (await bench.manager.find(sidOf(issued as string)))?.device;
  };

  test("is cut to 200 characters instead of refused", async () => {
    assert.equal(await labelOf("x".repeat(100_000)), "x".repeat(200));
    assert.equal(await labelOf("x".repeat(200)), "x".repeat(200));
  });

  test("is never cut in the middle of a character", async () => {
    assert.equal(await labelOf("🦊".repeat(201)), "🦊".repeat(200));
    assert.equal(await labelOf(`${"x".repeat(199)}🦊y`), `${"x".repeat(199)}🦊`);
    assert.equal(await labelOf(`x${"🦊".repeat(300)}`), `x${"🦊".repeat(199)}`);
  });
});

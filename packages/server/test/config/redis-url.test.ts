// Redis URLs: their parts, and the messages about wrong ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isRedisUrl, parseRedisUrl } from "#dist/config/redis-url.js";

const PLAIN = {
  kind: "single",
  isTls: false,
  username: undefined,
  password: undefined,
  database: 0,
  primaryName: "",
  prefix: undefined,
};

test("each kind of URL is read", () => {
  const read = (url: string) => parseRedisUrl(url, {});
  const address = (host: string, port: number) => ({ host, port });
  assert.deepEqual(read("redis://a"), { ...PLAIN, addresses: [address("a", 6379)] });
  assert.deepEqual(read("redis://a/"), { ...PLAIN, addresses: [address("a", 6379)] });
  assert.deepEqual(read("rediss://[::1]:7000/3"), {
    ...PLAIN,
    isTls: true,
    addresses: [address("::1", 7000)],
    database: 3,
  });
  assert.deepEqual(read("redis+sentinel://a,b:2/1?name=main"), {
    ...PLAIN,
    kind: "sentinel",
    addresses: [address("a", 26379), address("b", 2)],
    database: 1,
    primaryName: "main",
  });
  assert.deepEqual(read("rediss+cluster://10.0.0.1:1,10.0.0.2:2"), {
    ...PLAIN,
    kind: "cluster",
    isTls: true,
    addresses: [address("10.0.0.1", 1), address("10.0.0.2", 2)],
  });
});

test("a prefix of all keys is read, and what is neither that nor the name of a primary is refused", () => {
  assert.equal(parseRedisUrl("redis://a?prefix=shop:", {}).prefix, "shop:");
  assert.equal(parseRedisUrl("redis+cluster://a,b?prefix=shop:", {}).prefix, "shop:");
  const { primaryName, prefix } = parseRedisUrl("redis+sentinel://a?prefix=shop:&name=main", {});
  assert.deepEqual([primaryName, prefix], ["main", "shop:"]);
  for (const query of ["prefix=", "prefix=a&prefix=b", "name=main", "ttl=1"]) {
    assert.throws(() => parseRedisUrl(`redis://a?${query}`, {}), /must look like/);
  }
});

test("who signs in stands in the URL, or else in the environment", () => {
  const env = { SESSILE_REDIS_USERNAME: "env", SESSILE_REDIS_PASSWORD: "secret" };
  const login = (url: string) => {
    const { username, password } = parseRedisUrl(url, env);
    return [username, password];
  };
  assert.deepEqual(login("redis://a"), ["env", "secret"]);
  assert.deepEqual(login("redis://ann@a"), ["ann", "secret"]);
  assert.deepEqual(login("redis://ann:p%40ss%2F%3A@a"), ["ann", "p@ss/:"]);
  assert.deepEqual(login("redis://ann:p@ss/w:rd@a/0"), ["ann", "p@ss/w:rd"]);
  assert.deepEqual(parseRedisUrl("redis://:only@a", {}).username, undefined);
  assert.deepEqual(parseRedisUrl("redis://:only@a", {}).password, "only");
});

test("a wrong URL is refused with what it should look like, and never with its password", () => {
  const wrong: [string, RegExp][] = [
    ["redis:", /must look like redis:\/\/HOST:PORT\/DB/],
    ["redis://", /must look like redis:\/\/HOST:PORT\/DB/],
    ["redis:/u:hunter2@a", /must look like redis:\/\/HOST/],
    ["redis:u:hunter2@a/0", /must look like redis:\/\/HOST/],
    ["redis://u:hunter2@a:0", /must look like redis:\/\/HOST/],
    ["redis://u:hunter2@a:70000", /must look like/],
    ["redis://u:hunter2@a/x", /must look like/],
    ["redis://u:hunter2@a?x=hunter2", /must look like/],
    ["redis://u:hunter2@a#x", /must look like/],
    ["redis://u:hunter2%@a", /%25/],
    ["redis://u:hunter2@a,b", /several hosts: write redis\+sentinel:\/\/ or redis\+cluster:/],
    ["redis+sentinels://u:hunter2@a", /must look like/],
    ["redis+sentinel://u:hunter2@a,b", /\?name=mymaster/],
    ["redis+sentinel://u:hunter2@a,b?name=", /\?name=mymaster/],
    ["redis+sentinel://u:hunter2@a,b?name=x&db=1", /\?name=mymaster/],
    ["redis+sentinel://u:hunter2@a,,b?name=x", /must look like redis\+sentinel:/],
    ["redis+cluster://u:hunter2@a,b/1", /no database but 0/],
    ["redis+cluster://u:hunter2@a,b?name=x", /must look like redis\+cluster:/],
  ];
  for (const [url, message] of wrong) {
    assert.ok(isRedisUrl(url), url);
    assert.throws(
      () => parseRedisUrl(url, {}),
      (error: Error) => {
        assert.match(error.message, message);
        assert.doesNotMatch(error.message.split("?")[0] as string, /hunter2/);
        return error.name === "UsageError";
      },
      url,
    );
  }
  for (const other of ["memory", "sqlite:redis://x", "mysql://x", "redishost"]) assert.equal(isRedisUrl(other), false);
});

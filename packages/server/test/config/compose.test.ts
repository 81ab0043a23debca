// The recipes in `deploy/`: the proxy and the stores of the Compose file, and the sockets that the systemd unit allows.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { parsePostgresUrl } from "#dist/config/postgres-url.js";
import { readConfig } from "../support/config.ts";

const [COMPOSE, UNIT] = ["compose.yaml", "sessile.service"].map((name) =>
  readFileSync(fileURLToPath(new URL(`../../../../deploy/${name}`, import.meta.url)), "utf8"),
) as [string, string];

test("the compose file trusts the gateway of its own network, through which a proxy on the host comes, and nothing else", () => {
  const trusted = /^ +SESSILE_TRUST_PROXY: (.+)$/m.exec(COMPOSE)?.[1];
  const gateway = /^ +gateway: (.+)$/m.exec(COMPOSE)?.[1];
  assert.ok(trusted !== undefined && trusted === gateway);
  const { trustProxy } = readConfig([], { SESSILE_TRUST_PROXY: trusted });
  assert.deepEqual([gateway, "127.0.0.1", "10.0.0.1"].map(trustProxy), [true, false, false]);
});

test("the systemd unit lets Node.js ask for the addresses of the machine, without which it cannot listen on 0.0.0.0", () => {
  const families = /^RestrictAddressFamilies=(.+)$/m.exec(UNIT)?.[1]?.split(" ");
  assert.deepEqual(families?.sort(), ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"]);
});

interface Service {
  readonly profiles?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly depends_on: object;
}

test("the compose file serves Valkey, and in its profile the database and user of its Postgres", () => {
  const { services } = parse(COMPOSE, { merge: true }) as {
    services: Readonly<Record<"sessile" | "postgres" | "sessile-postgres", Service>>;
  };
  const { sessile, postgres, "sessile-postgres": other } = services;
  assert.deepEqual([sessile.profiles, postgres.profiles, other.profiles], [undefined, ["postgres"], ["postgres"]]);
  assert.deepEqual([Object.keys(sessile.depends_on), Object.keys(other.depends_on)], [["valkey"], ["postgres"]]);
  const [settings, database] = [other.environment, postgres.environment];
  assert.equal(settings["SESSILE_TRUST_PROXY"], sessile.environment["SESSILE_TRUST_PROXY"]);
  const target = parsePostgresUrl(settings["SESSILE_STORE"] ?? "", {});
  assert.deepEqual(
    [target.host, target.user, target.database, settings["SESSILE_POSTGRES_PASSWORD"]],
    ["postgres", database["POSTGRES_USER"], database["POSTGRES_DB"], database["POSTGRES_PASSWORD"]],
  );
});

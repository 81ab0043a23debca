// Texts of clients and files: addresses, proxies' words, names, programs, password hashes.

import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import type { Property } from "sessile-test-support/properties";
import { COARSE, networkOf, parseAddress } from "#dist/config/ip-address.js";
import { trustIn } from "#dist/config/trusted-proxies.js";
import { deviceFamily } from "#dist/http/device.js";
import { PasswordHasher } from "#dist/identity/users/password-hash.js";
import { normalizeName } from "#dist/identity/users/user-name.js";
import { askFrom } from "../support/ask-from.ts";
import { hostile } from "./inputs.ts";

const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((text) => `::ffff:${text}`),
  fc.ipV6().map((text) => `[${text}]:80`),
  fc.ipV4().map((text) => `${text}:80`),
  fc.constantFrom("127.0.0.1", "10.0.0.1", "::1", "fe80::1%eth0", "1.2.3", "::ffff:1.2.3.4", "[::1"),
  hostile(fc.ipV4(), fc.ipV6()),
);
const PRODUCTS = ["Firefox/1", "Chrome/1", "Edg/", "Version/1 Safari/1", "Linux", "Windows", "curl/", "iPhone"];

export const textProperties: readonly Property[] = [
  {
    name: "N4: an address has one form, and its network is a network, whatever the text",
    cases: 40_000,
    make: () =>
      fc.property(address, (text) => {
        const found = parseAddress(text);
        const network = networkOf(found ?? text, COARSE);
        if (found === null) return;
        assert.notEqual(isIP(found), 0);
        assert.equal(parseAddress(found), found);
        const [base = "", bits] = network.split("/");
        assert.equal(isIP(base), isIP(found));
        assert.equal(networkOf(base, COARSE), `${base}/${bits}`);
      }),
  },
  {
    name: "M7: what a client writes into X-Forwarded-For never makes it the address behind an untrusted hop",
    cases: 4000,
    make: () => {
      const trusted = ["127.0.0.1", "10.0.0.0/8", "::1"];
      const [ask, trust] = [askFrom(trusted), trustIn(trusted)];
      return fc.asyncProperty(
        fc.array(address, { maxLength: 4 }),
        fc.constantFrom("127.0.0.1", "10.1.1.1", "192.0.2.1", "::1", undefined),
        async (hops, peer) => {
          const found = (await ask(peer, { "x-forwarded-for": hops.join(", ") })).address;
          if (peer === undefined || !trust(peer)) assert.equal(found, peer ?? "unknown");
          assert.ok(found === "unknown" || isIP(found) !== 0);
        },
      );
    },
  },
  {
    name: "M7: a list of proxies is taken or refused with TypeError, and never trusts all addresses",
    cases: 20_000,
    make: () =>
      fc.property(
        fc.oneof(
          address,
          fc.tuple(address, fc.nat(140)).map(([text, bits]) => `${text}/${bits}`),
        ),
        (network) => {
          try {
            const trust = trustIn([network]);
            assert.ok(!["1.2.3.4", "200.1.1.1", "2001:db8::1", "fd00::1"].every(trust), network);
          } catch (error) {
            assert.ok(error instanceof TypeError, String(error));
          }
        },
      ),
  },
  {
    name: "K4: a name has one form, which is its own form, without spaces and controls",
    cases: 40_000,
    make: () =>
      fc.property(
        fc.oneof(hostile(), fc.string({ unit: "binary", maxLength: 80 }), fc.string({ unit: "grapheme" })),
        (text) => {
          const name = normalizeName(text);
          if (name === null) return;
          assert.equal(normalizeName(name), name);
          assert.doesNotMatch(name, /[\s\p{C}]/u);
          assert.ok(name.length > 0 && [...name].length <= 64);
        },
      ),
  },
  {
    name: "N4: a device is a fixed name, whatever the user agent says",
    cases: 20_000,
    make: () =>
      fc.property(hostile(fc.constantFrom(...PRODUCTS)), (text) => {
        assert.match(
          deviceFamily(text) ?? "curl",
          /^(?:[A-Z]?[a-zA-Z]+|Samsung Internet)(?: on (?:Windows|Android|iOS|macOS|ChromeOS|Linux))?$/,
        );
      }),
  },
  {
    name: "G2, K5: a stored password hash is checked at a bounded cost, or it is said that it cannot be read",
    cases: 20_000,
    make: () => {
      const hash = fc.constantFrom(`$scrypt$ln=4,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`);
      const stored = fc.option(
        fc.oneof(
          hostile(hash),
          fc.nat(99).chain((ln) => hash.map((text) => text.replace("ln=4", `ln=${ln}`))),
        ),
      );
      return fc.asyncProperty(stored, async (stored) => {
        const costs: number[] = [];
        const derive = async (_password: Uint8Array, _salt: Uint8Array, ln: number): Promise<Buffer> => {
          costs.push(ln);
          return Buffer.alloc(32);
        };
        const answer = await new PasswordHasher({ ln: 4, derive })
          .verify(Buffer.from("x"), stored)
          .catch((error: Error) => {
            assert.match(error.message, /cannot be read/);
            return null;
          });
        if (stored === null) assert.equal(answer, false);
        assert.ok(costs.every((ln) => ln >= 1 && ln <= 20));
      });
    },
  },
];

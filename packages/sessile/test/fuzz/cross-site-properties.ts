// The cross-site policy against its specification, written once more as a table.

import assert from "node:assert/strict";
import fc from "fast-check";
import { cookieTransport } from "sessile";
import type { SessionRequest } from "sessile/adapter";
import type { Property } from "sessile-test-support/properties";
import { requestWith } from "../support/requests.ts";
import { hostile, odd } from "./inputs.ts";

const TRUSTED = ["https://trusted.example", "http://other.example:8080"];
const EXEMPT = ["/hook", "/hook/"];

const method = fc.oneof(fc.constantFrom("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "get", "QUERY", ""), odd);
const site = option(fc.oneof(fc.constantFrom("same-origin", "none", "same-site", "cross-site", ""), odd));
const host = option(
  fc.oneof(fc.constantFrom("example.com", "Example.com:443", "example.com:80", "example.com:8443", ""), hostile()),
);
const origins = fc.constantFrom(
  ...TRUSTED,
  "https://example.com",
  "http://example.com",
  "https://example.com:8443",
  "null",
);
const origin = option(
  fc.oneof(origins, hostile(origins), fc.constantFrom("https://x@example.com", "https://example.com/")),
);
const path = fc.oneof(
  fc.constantFrom(...EXEMPT, "/", "/hook/../", "//hook", "/hook?x", "/HOOK"),
  hostile(fc.constant("/hook")),
);
const upgrade = option(fc.constantFrom("websocket", "", "h2c"));
const key = option(fc.constantFrom("AAAAAAAAAAAAAAAAAAAAAA==", ""));

export const crossSiteProperties: readonly Property[] = [
  {
    name: "I1, I2: a request may act with a cookie only where the specification permits it",
    cases: 120_000,
    make: () => {
      const { permits } = cookieTransport({ trustedOrigins: TRUSTED, exemptPaths: EXEMPT });
      return fc.property(fc.record({ method, site, host, origin, path, upgrade, key }), (sent) => {
        const { site, host, origin, upgrade, key } = sent;
        const request = requestWith({ "sec-fetch-site": site, host, origin, upgrade, "sec-websocket-key": key }, sent);
        assert.equal(permits?.(request), isPermitted(request));
      });
    },
  },
];

function option(value: fc.Arbitrary<string>): fc.Arbitrary<string | undefined> {
  return fc.option(value, { nil: undefined });
}

/** The rows of the specification, from the top; the first that fits decides. */
function isPermitted({ method, path, header }: SessionRequest): boolean {
  const [site, origin, host] = [header("sec-fetch-site") || null, header("origin") || null, header("host") ?? null];
  const isWebSocket = header("upgrade") !== undefined || header("sec-websocket-key") !== undefined;
  const rows: readonly (readonly [boolean, boolean])[] = [
    [["GET", "HEAD", "OPTIONS"].includes(method) && !isWebSocket, true],
    [site === "same-origin" || site === "none", true],
    [EXEMPT.includes(path) || (origin !== null && TRUSTED.includes(origin)), true],
    [site !== null, false],
    [origin === null, true],
    [
      host !== null &&
        ["https", "http"].some((scheme) => spelled(scheme, origin ?? "") === spelled(scheme, `${scheme}://${host}`)),
      isHost(host ?? ""),
    ],
  ];
  return rows.find(([fits]) => fits)?.[1] ?? false;
}

/** An origin in the one spelling that browsers use, where it has this scheme. */
function spelled(scheme: string, origin: string): string | null {
  const port = { https: 443, http: 80 }[scheme];
  if (!origin.startsWith(`${scheme}://`)) return null;
  const lower = origin.toLowerCase();
  return lower.endsWith(`:${port}`) ? lower.slice(0, -`:${port}`.length) : lower;
}

/** A host and port, and nothing that would make another part of a URL. */
function isHost(text: string): boolean {
  return text !== "" && !/[/?#@\s]/.test(text);
}

// `/metrics` on an address of its own, for Prometheus alone: without a key, so that address is to be reached by nobody else.

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ListenAddress } from "../config/address.ts";
import { UsageError } from "../config/usage-error.ts";
import { HTTP_LIMITS, SECURITY_HEADERS } from "../http/harden.ts";
import { PROMETHEUS_TYPE } from "../http/metrics/prometheus-text.ts";

/** Scrapers are few. */
const MAX_CONNECTIONS = 100;

export interface MetricsListener {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Throws `UsageError` when the address cannot be had. */
export async function listenForMetrics(
  { host, port }: ListenAddress,
  text: () => Promise<string>,
  { http, requestTimeout, keepAliveTimeout, connectionTimeout, maxRequestsPerSocket } = HTTP_LIMITS,
): Promise<MetricsListener> {
  const limits = { ...http, requestTimeout, keepAliveTimeout };
  const server = createServer(limits, (request, response) => void answer(text, request, response));
  Object.assign(server, { timeout: connectionTimeout, maxRequestsPerSocket, maxConnections: MAX_CONNECTIONS });
  server.listen({ port, host });
  try {
    await once(server, "listening");
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `Cannot listen on ${host}, port ${port}, for metrics: ${code}. Choose another with --metrics.`,
    );
  }
  const { address, family, port: actual } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://${family === "IPv6" ? `[${address}]` : address}:${actual}/metrics`, close };
}

async function answer(
  text: () => Promise<string>,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const isKnown = url?.split("?", 1)[0] === "/metrics";
  const status = !isKnown ? 404 : method === "GET" || method === "HEAD" ? 200 : 405;
  const body = status === 200 ? await text() : "";
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    "cache-control": "no-store",
    "content-type": PROMETHEUS_TYPE,
    "content-length": Buffer.byteLength(body),
    ...(status === 405 && { allow: "GET, HEAD" }),
  });
  response.end(method === "HEAD" ? "" : body);
}

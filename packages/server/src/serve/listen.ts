// Listens on an address, and explains a failure.

import { isIP } from "node:net";
import type { FastifyInstance } from "fastify";
import type { ListenAddress } from "../config/address.ts";
import type { Config } from "../config/config.ts";
import { UsageError } from "../config/usage-error.ts";

/** Every client can sign in as the demo user, so by default only programs of this machine may reach the demo. */
export function checkDemo({ host, demo }: Config): void {
  if (demo || isLoopback(host)) return;
  throw new UsageError(
    `The demo signs every client in as john_doe, so it listens on loopback only, not on ${host}. Use --host 127.0.0.1, or --demo if you mean it.`,
  );
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Returns the URL. Throws `UsageError` with the advice to change `option`, by default --port or --host. */
export async function listen(app: FastifyInstance, { host, port }: ListenAddress, option?: string): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw new UsageError(listenProblem((error as { code?: string }).code ?? String(error), { host, port }, option));
  }
}

function listenProblem(code: string, { host, port }: ListenAddress, option = ""): string {
  if (code === "EADDRINUSE")
    return `Port ${port} on ${host} is in use. Stop what uses it, or choose another with ${option || "--port"}.`;
  if (code === "EACCES")
    return `Port ${port} on ${host} needs more rights than this user has. Choose one above 1023 with ${option || "--port"}.`;
  return `Cannot listen on ${host}, port ${port}: ${code}. Choose an address of this machine with ${option || "--host"}.`;
}

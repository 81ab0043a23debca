// Where the server listens, and what is said when it cannot.

import { isIP } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Config } from "../config/config.ts";
import { UsageError } from "../config/usage-error.ts";

/** Anybody can sign in as the demo user, so only programs of this machine may reach it unless told otherwise. */
export function checkDemo({ host, demo }: Config): void {
  if (demo || isLoopback(host)) return;
  throw new UsageError(
    `The demo sign-in lets anybody in as john_doe, so it listens on loopback only, not on ${host}. Use --host 127.0.0.1, or --demo if you mean it.`,
  );
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Gives back the URL. Throws `UsageError` with what to do. */
export async function listen(app: FastifyInstance, { host, port }: Pick<Config, "host" | "port">): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw new UsageError(listenProblem((error as { code?: string }).code ?? String(error), host, port));
  }
}

function listenProblem(code: string, host: string, port: number): string {
  if (code === "EADDRINUSE")
    return `Port ${port} on ${host} is in use. Stop what uses it, or choose another with --port.`;
  if (code === "EACCES")
    return `Port ${port} on ${host} needs more rights than this user has. Choose one above 1023 with --port.`;
  return `Cannot listen on ${host}, port ${port}: ${code}. Choose an address of this machine with --host.`;
}

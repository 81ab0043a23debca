// A Redis server with a TLS port beside its plain one.

import { type Certificate, makeCertificate } from "./certificate.ts";
import { freePort } from "./free-port.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";

export interface TlsRedis {
  /** Its `port` is the plain one. */
  readonly server: RedisServer;
  readonly tlsPort: number;
  readonly certificate: Certificate;
}

/** Starts a server; `null` without `openssl`, or if the server was built without TLS. */
export async function startTlsRedis(args: readonly string[] = []): Promise<TlsRedis | null> {
  const certificate = makeCertificate();
  if (certificate === null) return null;
  const tlsPort = await freePort();
  const { certFile, keyFile } = certificate;
  const files = ["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-auth-clients", "no"];
  const server = await startRedis(["--tls-port", String(tlsPort), ...files, ...args]).catch(() => null);
  return server && { server, tlsPort, certificate };
}

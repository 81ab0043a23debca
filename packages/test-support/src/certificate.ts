// A self-signed certificate for 127.0.0.1.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./folder.ts";

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** The text of `certFile`, for clients that must trust it. */
  readonly cert: string;
}

/** Creates a certificate; `null` without `openssl`. */
export function makeCertificate(): Certificate | null {
  const folder = temporaryFolder();
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const { status } = spawnSync("openssl", [...kind, ...subject, "-keyout", keyFile, "-out", certFile]);
  return status === 0 ? { certFile, keyFile, cert: readFileSync(certFile, "utf8") } : null;
}

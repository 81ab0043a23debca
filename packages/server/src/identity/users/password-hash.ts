// Passwords as scrypt hashes in PHC strings: creation, check, and renewal of outdated ones.

import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** Computes a scrypt hash with N = 2^`ln`, r = 8, p = 1. */
export type Derive = (password: Uint8Array, salt: Uint8Array, ln: number) => Promise<Buffer>;

const SALT_BYTES = 16;
const HASH_BYTES = 32;
const R = 8;

/** With a larger one, a damaged row could ask for more than 1 GiB. */
const LARGEST_LN = 20;

const PHC = /^\$scrypt\$ln=(\d{1,2}),r=8,p=1\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

export interface HasherOptions {
  /**
   * The cost, as a power of two. Default 17: 128 MiB and some 0.4 s a hash (OWASP Password Storage). scrypt and not
   * Argon2id, because every Node.js that this server runs on has it, and a file of users must not depend on the one
   * that wrote it.
   */
  readonly ln?: number;
  readonly derive?: Derive;
}

export class PasswordHasher {
  readonly #ln: number;
  readonly #derive: Derive;
  /** A hash without a password, for names without a user. */
  readonly #decoy: string;

  constructor({ ln = 17, derive = deriveScrypt }: HasherOptions = {}) {
    this.#ln = ln;
    this.#derive = derive;
    this.#decoy = toPhc(ln, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
  }

  /** A PHC string of the password under a new salt. */
  async hash(password: Uint8Array): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    return toPhc(this.#ln, salt, await this.#derive(password, salt, this.#ln));
  }

  /**
   * Whether `stored` is the hash of this password; false for `null`. The work is always the same, so that its time does
   * not reveal which users exist: without a hash a decoy is checked, and a hash of lower cost is followed by others
   * that make up the difference (2^ln + 2^ln + 2^(ln+1) + … = 2^current).
   */
  async verify(password: Uint8Array, stored: string | null): Promise<boolean> {
    const { ln, salt, hash } = parsePhc(stored ?? this.#decoy);
    const actual = await this.#derive(password, salt, ln);
    for (let missing = ln; missing < this.#ln; missing++) await this.#derive(password, salt, missing);
    return timingSafeEqual(actual, hash) && stored !== null;
  }

  /** Whether a hash costs less than new ones do. */
  isOutdated(stored: string): boolean {
    return parsePhc(stored).ln < this.#ln;
  }
}

/** Runs on a thread of the pool, beside the event loop. */
function deriveScrypt(password: Uint8Array, salt: Uint8Array, ln: number): Promise<Buffer> {
  const N = 2 ** ln;
  const maxmem = 2 * 128 * N * R + 2 ** 20; // Node's own limit of 32 MiB is below the cost
  return new Promise((resolve, reject) => {
    scrypt(password, salt, HASH_BYTES, { N, r: R, p: 1, maxmem }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}

function toPhc(ln: number, salt: Buffer, hash: Buffer): string {
  return `$scrypt$ln=${ln},r=${R},p=1$${base64(salt)}$${base64(hash)}`;
}

function parsePhc(text: string): { ln: number; salt: Buffer; hash: Buffer } {
  const [, ln, salt, hash] = PHC.exec(text) ?? [];
  if (ln === undefined || Number(ln) < 1 || Number(ln) > LARGEST_LN || salt === undefined || hash === undefined)
    throw new Error("A stored password hash cannot be read. Set the password again with `sessile users passwd`.");
  return { ln: Number(ln), salt: Buffer.from(salt, "base64"), hash: Buffer.from(hash, "base64") };
}

/** PHC strings have no padding. */
function base64(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}

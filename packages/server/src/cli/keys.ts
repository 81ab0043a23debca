// `sessile keys`: API keys for applications that sign their users in themselves.

import { didYouMean } from "../config/closest.ts";
import { parseDuration } from "../config/duration.ts";
import { UsageError } from "../config/usage-error.ts";
import { isKeyScope, KEY_SCOPES, type KeyScope } from "../identity/keys/key-scopes.ts";
import { type ApiKey, KeyStore, type NewKey } from "../identity/keys/key-store.ts";
import type { UserFile } from "../identity/users/user-file.ts";
import { audited } from "./audited.ts";
import { type Call, type Command, EXIT, type ExitCode, JSON_OPTION, optional, required } from "./command.ts";
import { instant } from "./terminal/words.ts";
import { nameOf, withUsers } from "./with-store.ts";

const SETTINGS = ["config", "store", "users"];
const SCOPES = Object.entries(KEY_SCOPES).map(([name, meaning]) => `  ${name.padEnd(24)}${meaning}`);
const SCOPE_NOTES = `Scopes:\n\n${SCOPES.join("\n")}\n\nA key is shown once, on standard output; the file keeps only a digest of it.`;

export const KEYS_COMMANDS: readonly Command[] = [
  {
    name: "keys add",
    takes: "NAME",
    summary: "make an API key for an application, and show it once",
    options: [{ name: "scope", value: "LIST", help: "what the key may do, separated by commas" }, JSON_OPTION],
    settings: SETTINGS,
    notes: SCOPE_NOTES,
    examples: [
      "sessile keys add shop --scope sessions:create,sessions:read",
      "sessile keys add prometheus --scope metrics:read > prometheus.key",
    ],
    run: (call) => withUsers(call, true, (file) => add(call, file)),
  },
  {
    name: "keys list",
    summary: "show the keys without their secrets",
    options: [JSON_OPTION],
    settings: SETTINGS,
    examples: ["sessile keys list", "sessile keys list --json"],
    run: (call) => withUsers(call, false, (file) => list(call, new KeyStore(file).list())),
  },
  {
    name: "keys rotate",
    takes: "NAME",
    summary: "give a key a new secret and show it once; the old one works for a while",
    options: [{ name: "grace", value: "TIME", help: "how long the old secret still works; default 1d" }, JSON_OPTION],
    settings: SETTINGS,
    notes: "Give the new text to the key's clients within that time. A second rotation ends the oldest secret at once.",
    examples: ["sessile keys rotate shop", "sessile keys rotate shop --grace 0s"],
    run: (call) => withUsers(call, false, (file) => rotate(call, file)),
  },
  {
    name: "keys revoke",
    takes: "NAME",
    summary: "end a key at once",
    settings: SETTINGS,
    notes: "It works at once, without a restart: servers read the file with every request.",
    examples: ["sessile keys revoke shop"],
    run: (call) => withUsers(call, false, (file) => revoke(call, file)),
  },
];

function add(call: Call, file: UserFile): ExitCode {
  const name = nameOf(call);
  const scopes = scopesOf(required(call, "scope", "what the key may do, such as sessions:read"));
  const made = audited(file, "addKey", name, () => {
    const key = new KeyStore(file).add(name, scopes);
    if (key !== null) return key;
    throw new UsageError(`There is a key ${name} already. Nothing was changed. See sessile keys rotate.`);
  });
  return show(call, made, `Made the key ${name}. Keep it now: it is not shown again.`);
}

function rotate(call: Call, file: UserFile): ExitCode {
  const grace = parseDuration(optional(call, "grace") ?? "1d", "--grace", 0);
  const name = nameOf(call);
  const made = audited(file, "rotateKey", name, () => new KeyStore(file).rotate(name, grace) ?? unknown(name));
  const until = made.info.previousUntil;
  const before =
    until === null ? "The one before no longer works." : `The one before works until ${instant(until)} UTC.`;
  return show(call, made, `Made a new secret for ${name}. ${before}`);
}

function revoke(call: Call, file: UserFile): ExitCode {
  const name = nameOf(call);
  audited(file, "revokeKey", name, () => new KeyStore(file).revoke(name) || unknown(name));
  call.output.line(`Revoked ${name}. Servers with this file of users refuse it from now on; none needs a restart.`);
  return EXIT.done;
}

/** The note goes to stderr, so that a pipe receives the key alone. */
function show({ output }: Call, { key, info }: NewKey, said: string): ExitCode {
  if (output.isJson) output.json({ key, ...toJson(info) });
  else output.line(key);
  output.note(said);
  return EXIT.done;
}

function list({ output }: Call, keys: readonly ApiKey[]): ExitCode {
  if (output.isJson) output.json(keys.map(toJson));
  else if (keys.length === 0) output.line("There are no keys.");
  else {
    const rows = keys.map(({ name, id, scopes, rotatedAt, previousUntil }) => [
      name,
      `sak_${id}…`,
      instant(rotatedAt),
      previousUntil === null ? "-" : instant(previousUntil),
      scopes.join(","),
    ]);
    output.table(["NAME", "KEY", "SECRET OF", "FORMER WORKS UNTIL", "SCOPES"], rows);
  }
  return EXIT.done;
}

function toJson({ id, name, scopes, createdAt, rotatedAt, previousUntil }: ApiKey): object {
  const at = (value: number | null): string | null => (value === null ? null : new Date(value).toISOString());
  return {
    id,
    name,
    scopes,
    created_at: at(createdAt),
    rotated_at: at(rotatedAt),
    previous_until: at(previousUntil),
  };
}

function scopesOf(text: string): readonly KeyScope[] {
  const names = text.split(",").map((name) => name.trim());
  const scopes = names.filter(isKeyScope);
  if (scopes.length === names.length) return scopes;
  const [wrong = ""] = names.filter((name) => !isKeyScope(name));
  const all = Object.keys(KEY_SCOPES);
  throw new UsageError(`Unknown scope "${wrong}".${didYouMean(wrong, all) || ` The scopes are: ${all.join(", ")}.`}`);
}

function unknown(name: string): never {
  throw new UsageError(`There is no key ${name}. See sessile keys list.`);
}

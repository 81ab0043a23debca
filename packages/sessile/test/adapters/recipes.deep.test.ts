// Compiles the programs of docs/frameworks.md and docs/guide/meta-frameworks.md as the files of a user's project.
// Next.js, Nitro and SvelteKit are not installed here: the little that the recipes use of them is declared below.
// `npm run test:long -- frameworks` builds all with the real ones.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const PROJECTS = join(ROOT, "packages/sessile/build-test/recipes");
const PAGES = {
  "docs/frameworks.md": null,
  "docs/guide/meta-frameworks.md": ["Next.js", "Nitro", "React Router", "SvelteKit"],
};
const textOf = (page: string): string => readFileSync(join(ROOT, page), "utf8");
const sectionsOf = (page: string): string[] =>
  [...textOf(page).matchAll(/^##? (.+)$/gm)].map(([, title = ""]) => title);
/** The file that the recipes of the second page import. */
const MANAGER = textOf("tools/frameworks/manager.ts");

/** The text that the page has once for all its sections. */
const PREAMBLE = `
import type { Session, SessionManager } from "sessile";
interface Data { username: string; cart: string[]; seen: boolean; last: string; campaign: string; csrf: string; oauth: string; returnTo: string; grant: Record<string, string> }
declare global {
  const manager: SessionManager<Data>;
  const userOf: (form: FormData) => Promise<string>;
  namespace App { interface Locals { session: Session } }
  namespace JSX { interface IntrinsicElements { p: object } }
}
`;

/** For sections that make no manager of their own. */
const REGISTER = `
declare module "sessile" {
  interface Register { manager: SessionManager<Data> }
}
`;

const STUBS = `
declare module "nitro/h3" { export * from "h3" }
declare module "next/headers" {
  interface Cookie { name: string; value: string; [attribute: string]: unknown }
  export function cookies(): Promise<{ getAll(): Cookie[]; set(name: string, value: string): void; set(cookie: Cookie): void }>;
  export function headers(): Promise<Headers>;
}
declare module "next/navigation" { export function redirect(path: string): never }
declare module "next/server" {
  export class NextResponse extends Response {
    static next(): NextResponse;
    static override redirect(url: URL): NextResponse;
  }
}
declare module "@sveltejs/kit" {
  export interface RequestEvent { request: Request; url: URL; locals: App.Locals }
  export function redirect(status: number, path: string): never;
}
declare module "@sveltejs/kit/hooks" {
  import type { RequestEvent } from "@sveltejs/kit";
  export type Handle = (input: { event: RequestEvent; resolve: (event: RequestEvent) => Response | Promise<Response> }) => Response | Promise<Response>;
}
declare module "*/$types" {
  import type { RequestEvent } from "@sveltejs/kit";
  export type PageServerLoad = (event: RequestEvent) => unknown;
  export type RequestHandler = (event: RequestEvent) => Response | Promise<Response>;
}
`;

const OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: true,
  module: "preserve",
  target: "es2022",
  jsx: "preserve",
  experimentalDecorators: true,
  types: ["node"],
};

for (const [page, sections] of Object.entries(PAGES))
  describe(page, { concurrency: 2 }, () => {
    for (const section of sections ?? sectionsOf(page)) {
      test(`the program of the section on ${section} compiles`, async () => {
        assert.equal(await compile(section, [...programs(page, section), ["manager.ts", MANAGER]]), "");
      });
    }
  });

/** The files of a section, by the names that they begin with. */
function programs(page: string, section: string): [name: string, code: string][] {
  const text =
    textOf(page)
      .split(/^##? /m)
      .find((each) => each.startsWith(`${section}\n`)) ?? "";
  const blocks = [...text.matchAll(/^```(tsx?)\n([\s\S]*?)^```/gm)];
  assert.ok(blocks.length > 0, `${section} has no program`);
  return blocks.map(([, language, code = ""], i) => [
    /^\/\/ (\S+)\n/.exec(code)?.[1] ?? `program-${i}.${language}`,
    code,
  ]);
}

function compile(section: string, files: readonly [name: string, code: string][]): Promise<string> {
  const folder = join(PROJECTS, section.replaceAll(/\W/g, "").toLowerCase());
  rmSync(folder, { recursive: true, force: true });
  const project = JSON.stringify({ compilerOptions: OPTIONS });
  for (const [name, text] of [
    ...files,
    ["preamble.d.ts", files.some(([, code]) => code.includes("new SessionManager")) ? PREAMBLE : PREAMBLE + REGISTER],
    ["stubs.d.ts", STUBS],
    ["tsconfig.json", project],
  ]) {
    const file = join(folder, name as string);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text as string);
  }
  const compiler = join(ROOT, "node_modules/.bin/tsc");
  return new Promise((resolve) =>
    execFile(compiler, ["-p", folder], { cwd: folder }, (_error, output) => resolve(output)),
  );
}

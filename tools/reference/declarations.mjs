// The public declarations of the library, read from what the compiler emits by the compiler's own API.

import { existsSync, readFileSync } from "node:fs";
import { API } from "typescript/unstable/sync";
import { inRoot } from "../ready/repository.mjs";
import { isAliasSymbol, kindOf, nameOf } from "./syntax.mjs";

const PACKAGE = inRoot("packages/sessile");

/** The entries of package.json in its order: `sessile`, `sessile/sqlite`, … */
export const ENTRIES = Object.entries(JSON.parse(readFileSync(`${PACKAGE}/package.json`, "utf8")).exports)
  .filter(([, file]) => file.endsWith(".js"))
  .map(([entry, file]) => ({
    name: entry.replace(/^\./, "sessile"),
    page: `${entry === "." ? "sessile" : entry.slice(2)}.md`,
    declarations: `${PACKAGE}/${file.slice(2).replace(/\.js$/, ".d.ts")}`,
    source: `${PACKAGE}/${file.replace("./dist/", "src/").replace(/\.js$/, ".ts")}`,
  }));

/**
 * Calls `use` with what each entry exports. Needs a build.
 * @returns the result of `use`
 */
export function withExports(use) {
  const missing = ENTRIES.find(({ declarations }) => !existsSync(declarations));
  if (missing) throw new Error(`${missing.declarations} is missing: run npm run build.`);
  const api = new API({ cwd: PACKAGE });
  try {
    const snapshot = api.updateSnapshot({ openFiles: ENTRIES.map(({ declarations }) => declarations) });
    return use(readEntries(snapshot));
  } finally {
    api.close();
  }
}

/** The first entry that exports a symbol is its home; the others only name it. */
function readEntries(snapshot) {
  const homes = new Map();
  const entries = ENTRIES.map((entry) => {
    const project = snapshot.getDefaultProjectForFile(entry.declarations);
    const file = project.program.getSourceFile(entry.declarations);
    const module = project.checker.getSymbolAtLocation(file);
    const names = project.checker.getExportsOfModule(module).map((exported) => {
      const symbol = isAliasSymbol(exported) ? project.checker.getAliasedSymbol(exported) : exported;
      const declared = symbol.declarations.map((handle) => handle.resolve(project));
      const nodes = withClass(declared, project);
      const key = nodes.map((node) => `${node.getSourceFile().fileName}:${node.pos}`).join();
      const isTypeOnly = nodes === declared && /\bexport type\b|^type\b/.test(specifierOf(exported, project));
      const place = exported.declarations[0]?.resolve(project).pos ?? 0;
      return { name: exported.name, key, nodes, isTypeOnly, place };
    });
    return { ...entry, names: names.sort((a, b) => a.place - b.place), about: aboutOf(entry.source) };
  });
  for (const { page, names } of entries)
    for (const { name, key } of names) if (!homes.has(key)) homes.set(key, { name, page });
  return { entries, homes, unexportedOf: (nodes) => unexported(nodes, homes) };
}

/** A class whose constructor has a type of its own is exported as an interface and a constant: shown is the class. */
function withClass(nodes, project) {
  const { checker } = project;
  if (nodes.map(kindOf).join() !== "interface,constant") return nodes;
  const found = checker.getSymbolAtLocation(nodes[0].heritageClauses[0].types[0].expression);
  const symbol = isAliasSymbol(found) ? checker.getAliasedSymbol(found) : found;
  return symbol.declarations.map((handle) => handle.resolve(project));
}

/** The statement or the part of it that exports a name: `type Session` or `export type { Session }`. */
function specifierOf(exported, project) {
  const node = exported.declarations[0]?.resolve(project);
  if (node === undefined) return "";
  const own = node.getText();
  const statement = node.parent?.parent?.getText() ?? "";
  return /^export type \{/.test(statement) ? "export type" : own;
}

/** The comment at the head of a source file, without the name of the entry, which is the title of its page. */
function aboutOf(source) {
  const lines = readFileSync(source, "utf8").split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  const text = lines
    .slice(0, end)
    .map((line) => line.replace(/^\/\/ ?/, ""))
    .join("\n")
    .replace(/^(?:The module )?`sessile\/[\w-]+`[:.,]\s+/, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Names that declarations of the library use, that no entry exports, and that are declared in the same files. */
function unexported(nodes, homes) {
  const exported = new Set([...homes.values()].map(({ name }) => name));
  const found = new Map();
  const visit = (node, file) => {
    const name = nameOf(node);
    if (name && !exported.has(name)) {
      const declared = file.statements.find((statement) => statement.name?.text === name);
      if (declared && !found.has(name)) {
        found.set(name, declared);
        visit(declared, file);
      }
    }
    node.forEachChild((child) => visit(child, file));
  };
  for (const node of nodes) visit(node, node.getSourceFile());
  return found;
}

// The parts of a declaration's syntax node: its name, its documentation, its text.

import { SyntaxKind } from "typescript/unstable/ast";
import { SymbolFlags } from "typescript/unstable/sync";

export const isAliasSymbol = (symbol) => (symbol.flags & SymbolFlags.Alias) !== 0;

const KINDS = {
  [SyntaxKind.FunctionDeclaration]: "function",
  [SyntaxKind.ClassDeclaration]: "class",
  [SyntaxKind.InterfaceDeclaration]: "interface",
  [SyntaxKind.TypeAliasDeclaration]: "type",
  [SyntaxKind.VariableDeclaration]: "constant",
  [SyntaxKind.Constructor]: "constructor",
  [SyntaxKind.MethodDeclaration]: "method",
  [SyntaxKind.MethodSignature]: "method",
  [SyntaxKind.PropertyDeclaration]: "property",
  [SyntaxKind.PropertySignature]: "property",
  [SyntaxKind.GetAccessor]: "getter",
  [SyntaxKind.SetAccessor]: "setter",
  [SyntaxKind.CallSignature]: "call",
  [SyntaxKind.IndexSignature]: "index",
};

export const kindOf = (node) => KINDS[node.kind] ?? SyntaxKind[node.kind];

/** The name that a reference to a type has, else undefined. */
export function nameOf(node) {
  if (node.kind === SyntaxKind.TypeReference) return node.typeName.text;
  if (node.kind === SyntaxKind.ExpressionWithTypeArguments) return node.expression.text;
  return undefined;
}

/** The documentation before a declaration, as Markdown without the stars; "" without one. */
export function docOf(node) {
  const owner = kindOf(node) === "constant" ? node.parent.parent : node;
  const before = owner.getSourceFile().text.slice(owner.pos, owner.getStart());
  const comment = [...before.matchAll(/\/\*\*([\s\S]*?)\*\//g)].at(-1)?.[1] ?? "";
  return comment
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
}

/** The source of a declaration without comments, `export`, `declare` and `readonly`. */
export function textOf(node) {
  const owner = kindOf(node) === "constant" ? node.parent.parent : node;
  return owner
    .getText()
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^(?:export |declare |readonly )+/, "")
    .replace(/\breadonly (?=[\w"[]+\??:)/g, "")
    .replace(/\n\s*\n/g, "\n")
    .replace(/\bimport\("[^"]*"\)\./g, "");
}

/** On one line, for a list. */
export const lineOf = (node) => textOf(node).replace(/\s+/g, " ").replace(/;$/, "").replace(/; \}/g, " }");

/**
 * The members that an interface, a class or a type of an object literal declares itself, without private ones, those
 * of a symbol, and those that must not be given.
 */
export function membersOf(node) {
  const members = node.members ?? (node.type?.kind === SyntaxKind.TypeLiteral ? node.type.members : []);
  return [...members].filter(
    (each) => !/^(?:#|private |\[[A-Z])/.test(textOf(each)) && !/\?: never;$/.test(textOf(each)),
  );
}

/** The names of types in a piece of source, each once. */
export const namesIn = (text) => new Set(text.replace(/"[^"]*"|\/\*[\s\S]*?\*\//g, "").match(/\b[A-Z]\w*/g) ?? []);

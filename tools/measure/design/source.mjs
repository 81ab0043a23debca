// Reads TypeScript sources: their lines of code, functions, types, imports and comments, and what a module exports.

import { SyntaxKind } from "typescript/unstable/ast";
import { API } from "typescript/unstable/sync";

const { StringLiteral, NoSubstitutionTemplateLiteral, TemplateHead, TemplateMiddle, TemplateTail } = SyntaxKind;
const { RegularExpressionLiteral } = SyntaxKind;
const TEXTS = new Set([
  ...[StringLiteral, NoSubstitutionTemplateLiteral, TemplateHead, TemplateMiddle, TemplateTail],
  RegularExpressionLiteral,
]);
const { FunctionDeclaration, MethodDeclaration, Constructor, GetAccessor, SetAccessor } = SyntaxKind;
const { FunctionExpression, ArrowFunction } = SyntaxKind;
const FUNCTIONS = new Set([
  ...[FunctionDeclaration, MethodDeclaration, Constructor, GetAccessor, SetAccessor],
  ...[FunctionExpression, ArrowFunction],
]);
const { InterfaceDeclaration, TypeAliasDeclaration, ClassDeclaration, EnumDeclaration } = SyntaxKind;
const TYPES = new Set([InterfaceDeclaration, TypeAliasDeclaration, ClassDeclaration, EnumDeclaration]);
const IMPORTS = new Set([SyntaxKind.ImportDeclaration, SyntaxKind.ExportDeclaration]);
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*/g;

/**
 * Calls `use` with a function that reads the files of a project, and one that lists the names that a file of it
 * exports.
 */
export function readProject(config, use) {
  const api = new API();
  try {
    const [project] = api.updateSnapshot({ openProjects: [config] }).getProjects();
    const { program, checker } = project;
    return use({
      files: project.rootFiles.map((path) => ({ path, ...read(program.getSourceFile(path)) })),
      exportsOf: (path) => {
        const module = checker.getSymbolAtLocation(program.getSourceFile(path));
        return checker.getExportsOfModule(module).map(({ name }) => name);
      },
    });
  } finally {
    api.close();
  }
}

function read(file) {
  const found = { types: [], functions: [], imports: [] };
  // Strings may hold text that looks like a comment, and comments text that looks like a string.
  let masked = file.text;
  const visit = (node) => {
    const start = node.getStart(file);
    if (TEXTS.has(node.kind)) masked = blank(masked, start, node.end, "x");
    if (TYPES.has(node.kind) && node.name) found.types.push(node.name.text);
    if (FUNCTIONS.has(node.kind) && node.body)
      found.functions.push(file.text.slice(start, node.end).split("\n").length);
    if (IMPORTS.has(node.kind) && node.moduleSpecifier) found.imports.push(importOf(node));
    node.forEachChild(visit);
  };
  visit(file);
  const comments = [...masked.matchAll(COMMENT)];
  let code = file.text;
  for (const {
    0: { length },
    index,
  } of comments)
    code = blank(code, index, index + length, " ");
  const lines = code.split("\n").filter((line) => line.trim() !== "").length;
  return { ...found, code, lines, comments: joined(file.text, comments) };
}

function blank(text, start, end, filler) {
  return text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, filler) + text.slice(end);
}

function importOf({ moduleSpecifier, importClause, isTypeOnly }) {
  const isType = isTypeOnly || importClause?.isTypeOnly || importClause?.phaseModifier === SyntaxKind.TypeKeyword;
  return { target: moduleSpecifier.text, isType: Boolean(isType) };
}

/** The text of each comment. Lines that follow one another are one comment. */
function joined(text, comments) {
  const blocks = [];
  let end = 0;
  for (const { 0: comment, index } of comments) {
    const words = comment.replace(/^\/\*\*?|\*\/$|^\/\/ ?/g, "").replace(/^ *\* ?/gm, "");
    if (end > 0 && comment.startsWith("//") && /^\n *$/.test(text.slice(end, index)))
      blocks.push(`${blocks.pop()} ${words}`);
    else blocks.push(words);
    end = index + comment.length;
  }
  return blocks.map((block) => block.replace(/\s+/g, " ").trim());
}

// The pages of the reference: one for each entry of the library, and their list.

import { withExports } from "./declarations.mjs";
import { formatBlocks } from "./format.mjs";
import { docOf, kindOf, lineOf, membersOf, namesIn, textOf } from "./syntax.mjs";

const MADE = "<!-- Made from the declarations: npm run docs -->";

/** @returns {Map<string, string>} the text of every page by its name in docs/api */
export function renderPages() {
  return withExports(({ entries, homes, unexportedOf }) => {
    const pages = new Map([["index.md", renderList(entries)]]);
    for (const entry of entries) pages.set(entry.page, renderEntry(entry, { homes, unexportedOf }));
    return formatBlocks(pages);
  });
}

function renderList(entries) {
  const rows = entries.map(({ name, page, about }) => `| [\`${name}\`](${page}) | ${firstSentence(about)} |`);
  return `${MADE}\n\n# API reference\n\nEverything that the library exports, one page for each entry. Durations are milliseconds and instants are\nmilliseconds since 1970, unless a line says otherwise.\n\n| entry | |\n| --- | --- |\n${rows.join("\n")}\n`;
}

const firstSentence = (text) =>
  (/^[\s\S]*?[.:](?=\s|$)/.exec(text)?.[0] ?? text).replace(/\s+/g, " ").replace(/:$/, ".");

function renderEntry(entry, context) {
  const own = entry.names.filter(({ key }) => context.homes.get(key).page === entry.page);
  const others = entry.names.filter((each) => !own.includes(each));
  const isValue = (each) => !each.isTypeOnly && each.nodes.some((node) => /function|class|constant/.test(kindOf(node)));
  const sorted = [...own.filter(isValue), ...own.filter((each) => !isValue(each))];
  // Adapters have types of the same name: a page means its own, then what it takes from another, then the first.
  const links = new Map([...context.homes.values()].reverse().map(({ name, page }) => [name, page]));
  for (const { name, key } of entry.names) links.set(name, context.homes.get(key).page);
  const hidden = context.unexportedOf(own.flatMap(({ nodes }) => nodes));
  const to = (names, self) =>
    [...names].flatMap((name) => {
      if (name === self) return [];
      if (links.has(name)) return [link(name, links.get(name), entry.page)];
      return hidden.has(name) ? [link(name, entry.page, entry.page)] : [];
    });
  const values = sorted.filter(isValue).map(({ name }) => name);
  const parts = [
    `${MADE}\n\n# ${entry.name}`,
    entry.about,
    values.length > 0 ? code(importOf(values, entry.name)) : "",
    ...sorted.map((each) => renderExport(each, to)),
    ...[...hidden].map(([name, node]) => renderExport({ name, nodes: [node], isTypeOnly: true, isHidden: true }, to)),
    others.length === 0
      ? ""
      : `## From other entries\n\n${others.map(({ key }) => `- ${link(context.homes.get(key).name, context.homes.get(key).page, entry.page)}`).join("\n")}`,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const importOf = (names, entry) => {
  const line = `import { ${names.join(", ")} } from "${entry}";`;
  return line.length <= 80 ? line : `import {\n${names.map((name) => `  ${name},\n`).join("")}} from "${entry}";`;
};

const link = (name, page, from) => `[\`${name}\`](${page === from ? "" : page}#${name.toLowerCase()})`;

/** The formatter comes later, for all of them at once: `kind` says what it makes of the text. */
const code = (text, kind = "statement") => `\`\`\`ts ${kind}\n${text}\n\`\`\``;

const RENDER = {
  function: (name, nodes, to) => renderFunction(name, nodes, to),
  constant: (name, nodes, to) => [
    code(textOf(nodes[0]), "constant"),
    docOf(nodes[0]),
    seeOf(textOf(nodes[0]), to, name),
  ],
  type: renderType,
  interface: renderMembers,
  class: renderMembers,
};

function renderExport({ name, nodes, isTypeOnly, isHidden = false }, to) {
  const kind = kindOf(nodes[0]);
  const render = RENDER[kind];
  if (render === undefined) throw new Error(`${name} is a ${kind}: the reference has no way to show it`);
  const title = `## ${name}${kind === "function" ? "()" : ""}`;
  const note = isHidden ? ["Used above; not exported by name."] : [];
  return [title, ...note, ...render(name, nodes, to, isTypeOnly)].filter(Boolean).join("\n\n");
}

/** One block for all overloads that share a documentation. */
function renderFunction(name, nodes, to, kind = "statement") {
  const blocks = [];
  for (const node of nodes) {
    const doc = docOf(node);
    if (doc === "" && blocks.length > 0) blocks.at(-1).texts.push(textOf(node));
    else blocks.push({ texts: [textOf(node)], doc });
  }
  const text = nodes.map(textOf).join("\n");
  return [...blocks.flatMap(({ texts, doc }) => [code(texts.join("\n"), kind), doc]), seeOf(text, to, name)];
}

function renderType(name, [node], to) {
  if (membersOf(node).length > 0) return renderMembers(name, [node], to, true);
  return [code(textOf(node)), docOf(node), seeOf(textOf(node), to, name)];
}

function renderMembers(name, nodes, to, isTypeOnly) {
  const node = nodes.find((each) => docOf(each) !== "") ?? nodes[0];
  const members = nodes.flatMap(membersOf);
  const kinds = (...wanted) => members.filter((each) => wanted.includes(kindOf(each)));
  const head = textOf(node)
    .split(/ \{(?:\n|$)/)[0]
    .replace(/^(.*\bclass )\w+/, `$1${name}`);
  return [
    / extends |<|=/.test(head) ? code(head.replace(/ = *$/, ""), "head") : "",
    docOf(node),
    seeOf(head, to, name),
    ...(isTypeOnly ? [] : kinds("constructor").map((each) => renderConstructor(name, each, to))),
    kinds("property", "getter", "index", "call")
      .map((each) => renderProperty(each, to, name))
      .join("\n"),
    ...renderMethods(name, kinds("method"), to),
  ];
}

function renderConstructor(name, node, to) {
  const text = textOf(node);
  return [`### new ${name}()`, code(text, "member"), docOf(node), seeOf(text, to, name)].filter(Boolean).join("\n\n");
}

function renderProperty(node, to, self) {
  const line = lineOf(node).replace(/^get (\w+)\(\)/, "$1");
  const links = to(namesIn(line), self);
  const first = `- ${inline(line)}${links.length > 0 ? ` → ${links.join(", ")}` : ""}`;
  const doc = docOf(node);
  return doc === "" ? first : `${first}\\\n${doc.replace(/^(?=.)/gm, "  ")}`;
}

const inline = (text) => (text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``);

function renderMethods(owner, nodes, to) {
  const names = [...new Set(nodes.map((node) => node.name.getText()))];
  const instance = owner.charAt(0).toLowerCase() + owner.slice(1);
  return names.map((name) => {
    const overloads = nodes.filter((node) => node.name.getText() === name);
    return [`### ${instance}.${name}()`, ...renderFunction(owner, overloads, to, "member")]
      .filter(Boolean)
      .join("\n\n");
  });
}

function seeOf(text, to, self) {
  const links = to(namesIn(text), self);
  return links.length > 0 ? `See ${links.join(", ")}.` : "";
}

// The API reference, docs/api/: a page for each room of the library, with every export as the documentation in its declarations
// tells it. `npm run docs:api` writes it; test/docs.spec.ts holds it up to date.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Node, SyntaxKind } from "typescript/unstable/ast";
import { commentOf, type Declaration, ENTRIES, type Exported, withFace } from "./face.ts";
import { PACKAGE } from "./version.ts";

const FOLDER = path.join(__dirname, "../../docs/api");

interface Entry {
  name: string;
  page: string;
  kind: string;
  /** The first sentence. */
  summary: string;
  /** Which entry points have it. */
  importedFrom: string[];
  text: string;
}

/** What to call the page of each room, and the room in a heading. */
const TITLES: Record<string, string> = {
  common: "Names, times, errors",
  archive: "Archives",
  browser: "In a page",
  datalink: "DataLink",
  mseed: "miniSEED",
  net: "Connections",
  seedlink: "SeedLink",
  server: "Server",
  signal: "Signals",
  subscription: "Subscriptions",
};

/** The pages by their file names. */
export function referencePages(): Map<string, string> {
  const entries = new Map<string, Entry>();
  for (const [entry, declarations] of Object.entries(ENTRIES)) {
    withFace(declarations, ({ exports }) => {
      for (const one of exports) add(entries, entry, one);
    });
  }
  const all = [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const pages = new Map<string, string>();
  const names = [...new Set(all.map(({ page }) => page))].sort();
  for (const page of names) {
    const shown = all.filter((entry) => entry.page === page);
    pages.set(`${page}.md`, linked(pageText(page, shown), all, page));
  }
  pages.set("README.md", indexText(all, names));
  return pages;
}

function add(entries: Map<string, Entry>, entryPoint: string, one: Exported): void {
  const key = `${one.file} ${one.name}`;
  const known = entries.get(key);
  const importedFrom = path.posix.join(PACKAGE, entryPoint);
  if (known) {
    known.importedFrom.push(importedFrom);
    return;
  }
  const isTaken = [...entries.values()].some(({ name }) => name === one.name);
  const [, room] = one.file.split("/");
  const page = isTaken ? "browser" : room!.endsWith(".d.ts") ? "common" : room!;
  const { prose } = parse(one.declarations[0]!.comment);
  entries.set(key, {
    name: one.name,
    page,
    kind: kindOf(one.declarations[0]!.node),
    summary: firstSentence(prose),
    importedFrom: [importedFrom],
    text: one.declarations.map(declarationText).join("\n\n"),
  });
}

/** Without the list that may follow it. */
function firstSentence(prose: string): string {
  const paragraph = prose.split(/\n\s*(?:\n|- )/)[0]!.replace(/\s+/g, " ");
  return /^.*?\.(?= [A-Z]|$)/.exec(paragraph)?.[0] ?? paragraph;
}

const KINDS = new Map<number, string>([
  [SyntaxKind.ClassDeclaration, "class"],
  [SyntaxKind.InterfaceDeclaration, "interface"],
  [SyntaxKind.TypeAliasDeclaration, "type"],
  [SyntaxKind.FunctionDeclaration, "function"],
  [SyntaxKind.VariableDeclaration, "constant"],
]);

const kindOf = (node: Node): string => KINDS.get(node.kind) ?? "";

function pageText(page: string, entries: Entry[]): string {
  const sections = entries.map(({ name, kind, importedFrom, text }) => {
    const from = importedFrom.map((entry) => `\`${entry}\``).join(", ");
    return `## ${name}\n\n*${kind}, from ${from}*\n\n${text}\n`;
  });
  return `# API: ${TITLES[page] ?? page}\n\n[All exports](README.md) · [Using the library](../library.md)\n\n${sections.join("\n")}`;
}

function indexText(entries: Entry[], pages: string[]): string {
  const sections = pages.map((page) => {
    const rows = entries
      .filter((entry) => entry.page === page)
      .map(({ name, kind, summary }) => {
        const link = `[${name}](${page}.md#${name.toLowerCase()})`;
        return `| ${link} | ${kind} | ${inline(summary).replaceAll("|", "\\|")} |`;
      });
    return `## [${TITLES[page] ?? page}](${page}.md)\n\n| Export | | |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# API reference\n\nEvery export of the package, written from the declarations by \`npm run docs:api\`. How to use them: [the library by\ntask](../library.md).\n\n${sections.join("\n")}`;
}

function declarationText(declaration: Declaration): string {
  const { node } = declaration;
  const head = `\`\`\`ts\n${headOf(node)}\n\`\`\``;
  const members = membersOf(node).map(memberText);
  return [documentation(declaration.comment), head, members.join("\n")]
    .filter((part) => part !== "")
    .join("\n\n");
}

/** The declaration as code; of a class or an interface only its first line, since the members follow. */
function headOf(node: Node): string {
  const statement = node.kind === SyntaxKind.VariableDeclaration ? node.parent.parent : node;
  const text = statement.getText().replace(/^export (declare )?/, "");
  if (membersOf(node).length === 0) return withoutIndent(text).replace(/ \{\s*\}$/, "");
  return text.slice(0, text.indexOf("{")).trim();
}

const withoutIndent = (text: string): string => text.replace(/^ {4}/gm, "  ");

function membersOf(node: Node): Node[] {
  if (node.kind !== SyntaxKind.ClassDeclaration && node.kind !== SyntaxKind.InterfaceDeclaration) return [];
  const members = (node as unknown as { members: readonly Node[] }).members;
  return members.filter((member) => !/^(#|private )/.test(member.getText()));
}

function memberText(member: Node): string {
  const signature = member
    .getText()
    .replace(/\/\*\*.*?\*\//gs, "")
    .replace(/\s+/g, " ")
    .replace(/;$/, "")
    .replace(/^([\w ]+\?: .*) \| undefined$/, "$1");
  const { prose, tags } = parse(commentOf(member));
  const text = prose === "" ? "" : `  \n  ${inline(prose).replace(/\n+/g, "\n  ")}`;
  return [`- \`${signature}\`${text}`, ...tags.map((tag) => `  - ${tagText(tag)}`)].join("\n");
}

interface Tag {
  name: string;
  text: string;
}

/** A comment without its stars: the prose, and the tags below it. */
function parse(comment: string | undefined): { prose: string; tags: Tag[] } {
  const text = (comment ?? "")
    .replace(/^\/\*\*/, "")
    .replace(/\*\/$/, "")
    .replace(/^[ \t]*\* ?/gm, "")
    .trim();
  const [prose = "", ...rest] = text.split(/^@(?=[a-z]+\b)/m);
  const tags = rest.map((part) => {
    const [, name = "", body = ""] = /^(\w+)\s*(.*)$/s.exec(part) ?? [];
    return { name, text: body.replace(/\s+/g, " ").trim() };
  });
  return { prose: prose.trim(), tags };
}

function documentation(comment: string | undefined): string {
  const { prose, tags } = parse(comment);
  return [inline(prose), tags.map((tag) => `- ${tagText(tag)}`).join("\n")]
    .filter((part) => part !== "")
    .join("\n\n");
}

function tagText(tag: Tag): string {
  const { name } = tag;
  const text = inline(tag.text);
  if (name === "param") return text.replace(/^(\w+)\s*/, (_, parameter: string) => `\`${parameter}\`: `);
  if (name === "throws") return `throws ${text}`;
  return `${name} ${text}`;
}

/** `{@link name}` as code, which `linked` turns into a link where there is such an export. */
const inline = (text: string): string => text.replace(/\{@link ([^}]+)\}/g, "`$1`");

/** A page whose mentions of other exports in prose lead to them. */
function linked(text: string, entries: Entry[], page: string): string {
  const byName = new Map<string, Entry>();
  for (const entry of entries)
    if (!byName.has(entry.name) || entry.page === page) byName.set(entry.name, entry);
  return text
    .split(/(^```.*?^```)/ms)
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part.replace(/(?<![\w[])`(\w+)`(?!\])/g, (whole, name: string) => {
            const entry = byName.get(name);
            if (!entry) return whole;
            const file = entry.page === page ? "" : `${entry.page}.md`;
            return `[\`${name}\`](${file}#${name.toLowerCase()})`;
          }),
    )
    .join("");
}

if (require.main === module) {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of referencePages()) writeFileSync(path.join(FOLDER, name), text);
}

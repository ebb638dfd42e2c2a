// docs/licences.md: what the package brings with it when it is installed, and what only builds and tests it, with the licence of each.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const ROOT = path.join(__dirname, "../..");
export const PAGE = path.join(ROOT, "docs/licences.md");

/** What each package that is installed with this one is for. */
const PURPOSE: Record<string, string> = {
  jose: "tokens",
  re2js: "regular expressions in linear time, for patterns of clients",
  sax: "XML of INFO",
  "smol-toml": "configuration of dali2jsonl",
  ws: "WebSocket",
};

interface Manifest {
  name: string;
  license?: string;
  homepage?: string;
  repository?: string | { url: string };
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const read = (folder: string): Manifest =>
  JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;

const installed = (name: string): string => path.join(ROOT, "node_modules", name);

/** These packages and all that they need in turn. */
function withNeeds(names: string[], found = new Set<string>()): Set<string> {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    withNeeds(Object.keys(read(installed(name)).dependencies ?? {}), found);
  }
  return found;
}

function licenceFile(name: string): string {
  const file = readdirSync(installed(name)).find((entry) => /^licen[cs]e/i.test(entry));
  return file === undefined ? "none" : `\`${file}\``;
}

const table = (headings: string[], rows: string[][]): string =>
  [headings, headings.map(() => "---"), ...rows]
    .map((row) => `| ${row.join(" | ")} |`)
    .join("\n")
    .replaceAll(" --- ", "---");

/** The text of docs/licences.md as node_modules has it. */
export function licencesPage(): string {
  const own = read(ROOT);
  const needed = [...withNeeds(Object.keys(own.dependencies ?? {}))].sort();
  const runtime = needed.map((name) => [
    `[${name}](https://www.npmjs.com/package/${name})`,
    PURPOSE[name] ?? "needed by another of these",
    read(installed(name)).license ?? "none named",
    licenceFile(name),
  ]);
  const development = Object.keys(own.devDependencies ?? {})
    .sort()
    .map((name) => [name, read(installed(name)).license ?? "none named"]);
  return `# Licences

This package is under ${own.license} ([LICENSE](../LICENSE)). Written by \`npm run docs:licences\` from what is installed.

## What is installed with it

${table(["package", "for", "licence", "its text in the package"], runtime)}

## What builds and tests it

These are not installed with the package.

${table(["package", "licence"], development)}
`;
}

if (require.main === module) writeFileSync(PAGE, licencesPage());

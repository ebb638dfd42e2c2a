// The command lines in README and docs/: each command, option and number of operands is one that the program has; and docs/commands.md
// names them all.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { runProgram } from "./cli/shell.ts";

const root = path.join(__dirname, "..");
const PROGRAMS = ["mseed", "datalink", "seedlink", "dali2jsonl"];
const WORDS = /'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"]+/g;

interface Usage {
  options: Record<string, { type: "boolean" | "string"; short?: string; multiple: boolean }>;
  fewest: number;
  most: number;
}

/** What the help of each command says, by its words: `mseed details`. */
const usages = new Map<string, Usage>();

/** Reads the help of a command and of those below it. */
async function readHelp(words: string[]): Promise<void> {
  const [program, ...rest] = words;
  const { stdout } = await runProgram(program!, [...rest, "--help"]);
  const list = /^Commands:\n(.*?)\n\n/ms.exec(stdout)?.[1];
  if (list !== undefined) {
    const names = [...list.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name!);
    await Promise.all(names.map((name) => readHelp([...words, name])));
    return;
  }
  const options = [...stdout.matchAll(/^ {2}(?:-(\w), | {4})--([\w-]+)( [A-Z]+)?(?: |$)/gm)].map(
    ([, short, name, value]) =>
      [
        name!,
        { type: value ? ("string" as const) : ("boolean" as const), multiple: true, ...(short && { short }) },
      ] as const,
  );
  const usage = /^Usage: (.*)$/m.exec(stdout)![1]!;
  const operands = usage.slice(usage.indexOf("[options]") + "[options]".length).match(/\S+/g) ?? [];
  usages.set(words.join(" "), {
    options: Object.fromEntries(options),
    fewest: operands.filter((word) => !word.startsWith("[")).length,
    most: operands.some((word) => word.includes("…")) ? Number.POSITIVE_INFINITY : operands.length,
  });
}

/** The words of a command line that belong to one of our programs, without quotes and redirections. */
function ownWords(line: string): string[] {
  const words = (line.match(WORDS) ?? []).map((word) => word.replace(/^['"](.*)['"]$/s, "$1"));
  return words.filter((word, i) => !/^[<>]/.test(word) && !/^[<>]$/.test(words[i - 1] ?? ""));
}

/** What is wrong with a command line. `isComplete`: it can be typed as it is. */
function complaint(line: string, isComplete: boolean): string | undefined {
  const words = ownWords(line);
  const length = [3, 2, 1].find((count) => usages.has(words.slice(0, count).join(" ")));
  if (length === undefined) {
    const isGeneral = words[1] === "COMMAND" || words[1]?.startsWith("--");
    return isGeneral || (!isComplete && words.length === 1) ? undefined : "no such command";
  }
  const { options, fewest, most } = usages.get(words.slice(0, length).join(" "))!;
  const args = words.slice(length).filter((word) => word !== "…");
  try {
    const { positionals, values } = parseArgs({ args, options, allowPositionals: true });
    const isInOption = "value-file" in values || "delete" in values ? 1 : 0;
    if (positionals.length > most) return `more than ${most} operands`;
    if (isComplete && positionals.length < fewest - isInOption) return `fewer than ${fewest} operands`;
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
}

const pages = [
  "README.md",
  ...readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md") && !file.startsWith("api"))
    .map((file) => `docs/${file}`),
];

/** The lines of a page's pieces of shell, each command of a pipe by itself; a line that ends in \ goes on. */
function shellLines(page: string): string[] {
  const pieces = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, text]) => text!.replace(/\\\n/g, " "));
  return pieces
    .flatMap((text) => text.split("\n"))
    .flatMap((line) => line.replace(/'[^']*'/g, (quoted) => quoted.replaceAll("|", "\u0000")).split(/\||&&/))
    .map((line) => line.replaceAll("\u0000", "|").trim())
    .filter((line) => PROGRAMS.includes(line.split(" ")[0]!));
}

/** Command lines within sentences and tables: `mseed details FILE…`. */
function inlineLines(page: string): string[] {
  const prose = page.replace(/^```.*?^```/gms, "");
  return [...prose.matchAll(/`([^`\n]+)`/g)]
    .map(([, code]) => code!)
    .filter((code) => new RegExp(`^(?:${PROGRAMS.join("|")}) [^=]`).test(code));
}

describe("command lines in the documentation", function () {
  this.timeout(60_000);
  before(() => Promise.all(PROGRAMS.map((program) => readHelp([program]))));

  for (const page of pages) {
    const text = readFileSync(path.join(root, page), "utf8");
    const lines = [
      ...shellLines(text).map((line) => ({ line, isComplete: true })),
      // Of what another program's command of the same name has, nothing is known here.
      ...inlineLines(
        page === "docs/coming-from.md" ? text.replace(/^\| (?:[^|`]|`[^`]*`)* \|/gm, "|") : text,
      ).map((line) => ({ line, isComplete: false })),
    ];
    if (lines.length === 0) continue;
    it(`make sense in ${page}`, () => {
      const wrong = lines.flatMap(({ line, isComplete }) => {
        const what = complaint(line, isComplete);
        return what === undefined ? [] : [`${line}: ${what}`];
      });
      assert.deepEqual(wrong, []);
    });
  }

  it("are told from those that make none", () => {
    assert.equal(complaint("mseed details -T day.mseed", true), undefined);
    assert.match(complaint("mseed detail day.mseed", true)!, /no such command/);
    assert.match(complaint("mseed details --traice day.mseed", true)!, /traice/);
    assert.match(complaint("datalink id", true)!, /operands/);
    assert.match(complaint("datalink id one two", true)!, /operands/);
    assert.match(complaint("datalink stream --count", false)!, /count/);
  });

  it("are at least as many as there were", () => {
    const count = pages
      .map((page) => readFileSync(path.join(root, page), "utf8"))
      .reduce((sum, text) => sum + shellLines(text).length + inlineLines(text).length, 0);
    assert.ok(count > 150, `${count} command lines were found`);
  });

  it("have every command in docs/commands.md", () => {
    const text = readFileSync(path.join(root, "docs/commands.md"), "utf8");
    assert.deepEqual(
      [...usages.keys()].filter((command) => !text.includes(`\`${command}`)),
      [],
    );
  });
});

// docs/security.md: each test that is named there as the one that shows a defence is there, by its title.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { TARGETS } from "./fuzz/targets.ts";

/** `file.ts`: *title*, in the last column of the table; `…` stands for what a title has of its inputs. */
const NAMED = /`([\w/.-]+\.ts)`: \*(.+?)\*(?=[ ,|])/g;

const page = readFileSync(path.join(__dirname, "../docs/security.md"), "utf8");
const section = page.slice(page.indexOf("## What is guarded"), page.indexOf("## What is not"));
const rows = section.split("\n").filter((line) => /^\| (?!who could)/.test(line));

/** Titles of a spec, with `…` for what is put in. */
function titlesOf(file: string): string[] {
  if (file === "fuzz/fuzz.spec.ts")
    return Object.entries(TARGETS).map(([name, { about }]) => `${name}: ${about}`);
  const text = readFileSync(path.join(__dirname, file), "utf8");
  const titles = text.matchAll(/\bit\(\s*(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g);
  return Array.from(titles, ([, plain, template]) =>
    (plain ?? template!).replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "…").replace(/…+/g, "…"),
  );
}

describe("the threat model", () => {
  it("has some dozens of lines", () => assert.ok(rows.length > 30));

  for (const row of rows) {
    const named = [...row.matchAll(NAMED)];
    it(`is shown by a test: ${row.split("|")[1]!.trim()}`, () => {
      assert.ok(named.length > 0, "it names no test");
      for (const [, file, title] of named) {
        const titles = titlesOf(file!);
        assert.ok(titles.includes(title!), `test/${file} has no "${title}", but ${titles.join("\n")}`);
      }
    });
  }
});

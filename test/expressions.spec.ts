// Regular expressions of the compiled code: none takes the square of a text's length, or more, where the text comes from outside. What
// is found by hand is that of texts that somebody thought of; here every expression is taken apart.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Node, parse } from "acorn";
import { analyse } from "scslre";

const ROOT = path.join(__dirname, "..");

/** Those that might take the square, by what they say, and why they do not here. */
const HARMLESS: Readonly<Record<string, string>> = {
  "^\\/+|\\/+$": "a path that is typed into a dialog",
  "\\/+$": "an address that is typed into a dialog",
  "\\s*\\([^()]{1,12}\\)$": "a status, of the node's own words",
  "\\B(?=(\\d{3})+$)": "digits of a number",
  "\\.?0+$": "digits of a number",
  " +$": "codes of at most five characters",
  "\\S+\\n$": "the file of a lock, as this process has made it",
  "\\(([^)]*)\\)": "a header of DataLink, of at most 255 bytes",
  "\\?.*$": "there is no text that it does not match from the first ? on",
  "[?#].*$": "there is no text that it does not match from the first ? or # on",
  "^ERROR(?:[\\s]+(.*))?$": "there is no text that it does not match after ERROR and a space",
  "^FDSN:(?:[^_]*:)?([^_]+_[^_]+)(?:_(.*))?$": "an id of a stream, of at most 255 bytes",
  "^\\{(\\d+),?(\\d*)\\}$": "a piece of a pattern that fits",
  "\\\\[\\s\\S]?|\\[\\^?\\]?(?:\\[:\\^?\\w*:\\]|\\\\[\\s\\S]|[^\\]\\\\])*\\]?|\\(\\??|\\{\\d*,?\\d*\\}|[\\s\\S]":
    "a pattern that was compiled, so that it has no longer repetitions",
  "^([a-z][a-z0-9+.-]*):\\/\\/(?:([^/?#]*)@)?([^/?#]*)([/?][^#]*)?(?:#.*)?$":
    "an address that is typed into a dialog",
  // Of dialogs, in the browser of who types there.
  "^(\\d{1,3}(\\.\\d{1,3}){3}(\\/\\d{1,2})?|[\\da-f:.]*:[\\da-f:.]*(\\/\\d{1,3})?)$":
    "an address of an access rule",
  "\\s*,\\s*": "a list that is typed into a dialog",
  "\\\\.|\\[(?:\\\\.|[^\\]])*\\]|[^\\\\]|\\\\$": "a pattern that is typed into a dialog",
  "^([A-Za-z]+:)?([^_/]*)(?:_([^_/]*))?(.*)$": "an id of a stream, of at most 255 bytes",
  "^(\\d*\\.?\\d+)?-(\\d*\\.?\\d+)?$": "a band that is typed into a dialog",
};

interface Expression {
  pattern: string;
  flags: string;
  place: string;
}

/** All that the compiled code of this package has. */
function expressions(): Expression[] {
  const found: Expression[] = [];
  for (const file of globSync("{lib,nodes,resources,page}/**/*.js", { cwd: ROOT }).sort()) {
    if (file.startsWith(path.join("page", "dist"))) continue;
    const source = readFileSync(path.join(ROOT, file), "utf8");
    const sourceType = /^(?:import|export) /m.test(source) ? "module" : "script";
    collect(parse(source, { ecmaVersion: "latest", sourceType, locations: true }), file, found);
  }
  return found;
}

function collect(
  node: Node & { regex?: { pattern: string; flags: string } },
  file: string,
  found: Expression[],
) {
  if (node.regex) found.push({ ...node.regex, place: `${file}:${node.loc!.start.line}` });
  for (const child of Object.values(node) as unknown[]) {
    for (const item of Array.isArray(child) ? (child as unknown[]) : [child])
      if (typeof (item as Node | null)?.type === "string") collect(item as Node, file, found);
  }
}

describe("regular expressions", () => {
  const all = expressions();
  const slow = ({ pattern, flags }: Expression) => {
    // How a search goes on does not count.
    const { reports } = analyse({ source: pattern, flags: flags.replace(/[dy]/g, "") });
    return reports.map(({ type }) => type);
  };

  it("take no longer for long texts than for short ones, each for itself", function () {
    this.timeout(60_000);
    assert.ok(all.length > 300, `only ${all.length} were found`);
    const found = all.filter((each) => !(each.pattern in HARMLESS) && slow(each).length > 0);
    assert.deepEqual(
      found.map(({ pattern, place }) => `${place} /${pattern}/`),
      [],
    );
  });

  it("are left out only as long as there are such", () => {
    const patterns = new Set(all.map(({ pattern }) => pattern));
    assert.deepEqual(
      Object.keys(HARMLESS).filter((pattern) => !patterns.has(pattern)),
      [],
    );
  });
});

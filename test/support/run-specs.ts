// Runs specs with mocha: all of the quick suite, or what is named, and that alone. A name is an area ("mseed"), a spec in it
// ("mseed/reader") or a path ("test/mseed/reader.spec.ts"); options of mocha come after the names ("mseed --grep Steim").
// A whole suite without options is run in lanes.
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { lanesOf } from "./lanes/plan.ts";
import { type Run, sideBySide } from "./lanes/side-by-side.ts";

const ROOT = path.join(__dirname, "../..");
const TESTS = path.join(ROOT, "test");
const SLOW = path.join(TESTS, "slow");

/** What mocha is to be called with: from the first option on, all words are its own. */
export function mochaArguments(words: string[]): string[] {
  const firstOption = words.findIndex((word) => word.startsWith("-"));
  const names = firstOption < 0 ? words : words.slice(0, firstOption);
  const options = words.slice(names.length);
  if (names.length === 0)
    return [...config(ROOT), ...options, "--ignore", path.join(SLOW, "**"), specsIn(TESTS)];
  const specs = names.map(specsNamed);
  return [...config(specs.some(isSlow) ? SLOW : ROOT), ...options, ...specs];
}

/** The lanes, where a whole suite is to be run and nothing is said of how. */
export function lanes(words: string[]): Run[] | undefined {
  const isSlow = words.length === 1 && words[0] === "slow";
  if (words.length > 0 && !isSlow) return undefined;
  return lanesOf(isSlow ? "slow" : "quick").map(({ name, specs }) => ({
    name,
    words: [...config(isSlow ? SLOW : ROOT), ...specs.map((spec) => path.join(TESTS, spec))],
  }));
}

const config = (folder: string): string[] => ["--config", path.join(folder, ".mocharc.json")];

/** The compiled spec of this name, or the pattern for a folder's. */
function specsNamed(name: string): string {
  const compiled = name.replace(/\.ts$/, ".js");
  const candidates = [
    path.join(TESTS, compiled),
    path.join(TESTS, `${compiled}.spec.js`),
    path.resolve(ROOT, compiled),
  ];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) throw new Error(`there is no area and no spec ${name}`);
  return statSync(found).isDirectory() ? specsIn(found) : found;
}

const specsIn = (folder: string): string => path.join(folder, "**/*.spec.js");

const isSlow = (spec: string): boolean => spec.startsWith(SLOW + path.sep);

/** In this process, as if mocha had been called with these words. */
function runMocha(words: string[]): void {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...words);
  require("mocha/bin/mocha.js");
}

async function main(words: string[]): Promise<void> {
  const runs = lanes(words);
  if (runs) process.exitCode = await sideBySide(runs);
  else runMocha(mochaArguments(words));
}

if (require.main === module) void main(process.argv.slice(2));

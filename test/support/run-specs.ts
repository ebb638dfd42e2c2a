// Runs specs with mocha: all of the quick suite, or what is named, and that alone. A name is an area ("mseed"), a spec in it
// ("mseed/reader") or a path ("test/mseed/reader.spec.ts"); options of mocha come after the names ("mseed --grep Steim").
import { existsSync, statSync } from "node:fs";
import path from "node:path";

const ROOT = path.join(__dirname, "../..");
const TESTS = path.join(ROOT, "test");
const SLOW = path.join(TESTS, "slow");

/** What mocha is to be called with: from the first option on, all words are its own. */
export function mochaArguments(words: string[]): string[] {
  const firstOption = words.findIndex((word) => word.startsWith("-"));
  const names = firstOption < 0 ? words : words.slice(0, firstOption);
  const options = words.slice(names.length);
  const config = (folder: string) => ["--config", path.join(folder, ".mocharc.json")];
  if (names.length === 0)
    return [...config(ROOT), ...options, "--ignore", path.join(SLOW, "**"), specsIn(TESTS)];
  const specs = names.map(specsNamed);
  return [...config(specs.some(isSlow) ? SLOW : ROOT), ...options, ...specs];
}

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

if (require.main === module) {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...mochaArguments(process.argv.slice(2)));
  require("mocha/bin/mocha.js");
}

// Which specs of a whole suite are run beside which others: its lanes, about as long as each other, each a process of its own.
import { globSync } from "node:fs";
import path from "node:path";

const TESTS = path.join(__dirname, "../..");
const SLOW = "slow/";

export interface Lane {
  name: string;
  /** The compiled specs, below test/. */
  specs: string[];
}

/** What the first lane of a suite runs: the folders and files below test/ that begin so. The second one runs all others. */
const FIRST = {
  quick: ["nodes/", "archive/", "cli/", "package.spec.js"],
  slow: ["appearance", "dialogs", "keyboard", "waveform", "wiring"].map((begin) => `slow/editor/${begin}`),
};
export type Suite = keyof typeof FIRST;

/** All specs of a suite, in the order of their names. */
export function specsOf(suite: Suite): string[] {
  return globSync("**/*.spec.js", { cwd: TESTS })
    .filter((spec) => spec.startsWith(SLOW) === (suite === "slow"))
    .sort();
}

/** A suite's lanes: each of its specs is in one of them. */
export function lanesOf(suite: Suite, specs: readonly string[] = specsOf(suite)): Lane[] {
  const beginnings = FIRST[suite];
  const isFirst = (spec: string) => beginnings.some((beginning) => spec.startsWith(beginning));
  return [
    { name: beginnings.join(" "), specs: specs.filter(isFirst) },
    { name: `the rest of the ${suite} suite`, specs: specs.filter((spec) => !isFirst(spec)) },
  ];
}

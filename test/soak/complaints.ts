// What a Node-RED that is soaked may say, since it is true: connections are lost, disks are full, clocks are wrong. All else is a finding.

/** Warnings that a plan leads to. */
const EXPECTED: readonly RegExp[] = [];

export function isExpected(line: string): boolean {
  return EXPECTED.some((pattern) => pattern.test(line));
}

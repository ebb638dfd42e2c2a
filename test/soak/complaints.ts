// What a Node-RED that is soaked may say, since it is true: connections are lost, a disk is full. All else is a finding.

const EXPECTED: readonly RegExp[] = [
  // Node-RED's own, of a user directory that is new.
  /Projects disabled|Encrypted credentials not found/,
  /The connection to \S+ was lost/,
  // Behind a proxy whose server is away, or whose network stalls.
  /did not answer within|No connection to \S+/,
  /Cannot write \S+: the disk is full/,
];

export function isExpected(line: string): boolean {
  return EXPECTED.some((pattern) => pattern.test(line));
}

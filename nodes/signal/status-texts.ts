/** The words of the statuses of this family: `12 streams, 2 gaps, 1 late`. */
import type { NodeAPI } from "node-red";

/** `1 stream`, `12 streams`, by the texts `status.stream` and `status.streams` of the node's catalog. */
export function counted(RED: NodeAPI, type: string, word: string, count: number): string {
  return RED._(`${type}.status.${count === 1 ? word : `${word}s`}`, { count });
}

/** The parts that there are any of. */
export function parts(...texts: (string | false)[]): string {
  return texts.filter((text) => text !== false && text !== "").join(", ");
}

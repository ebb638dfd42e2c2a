/** The small files that nodes keep for themselves, below Node-RED's user directory. */
import path from "node:path";
import type { Node, NodeAPI } from "node-red";

/** The file of a node for one purpose, which is its extension. */
export function nodeFile(RED: NodeAPI, node: Pick<Node, "id">, purpose: string): string {
  const name = node.id.replace(/[^\w-]/g, "_");
  return path.join(RED.settings.userDir ?? ".", "datalink", `${name}.${purpose}`);
}

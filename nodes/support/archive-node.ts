/** What jsonl archive and mseed archive have in common: a message goes on when its data is on disk, with `msg.archive`. */
import path from "node:path";
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import type { ArchiveEvent } from "../../lib/archive/appender.ts";
import type { ArchivePacket, Written } from "../../lib/archive/archive.ts";
import { onClose, onInput } from "./input.ts";
import { RateMeter, StatusLine } from "./status.ts";

export interface Archive {
  /** Undefined for a packet that this archive is not for. */
  write(packet: ArchivePacket): Promise<Written | undefined>;
  close(): Promise<void>;
}

/** The archive's directory: what was given, seen from Node-RED's user directory. */
export function archiveDirectory(RED: NodeAPI, directory: string): string {
  return path.resolve(RED.settings.userDir ?? ".", directory || "archive");
}

/**
 * Runs an archive behind a node. `open` gets the handler for what happens on disk; `packetOf` takes the packet out of a
 * message and throws what is wrong with it, or gives `undefined` for a message to be passed on as it is.
 */
export function runArchive(
  RED: NodeAPI,
  node: Node,
  open: (onEvent: (event: ArchiveEvent) => void) => Archive,
  packetOf: (msg: NodeMessageInFlow) => ArchivePacket | undefined,
): void {
  const rate = new RateMeter();
  const failing = new Set<string>();
  let total = 0;

  const archive = open((event) => {
    switch (event.type) {
      case "problem":
        if (!failing.has(event.file)) node.warn(event.error.message);
        failing.add(event.file);
        break;
      case "recovered":
        failing.delete(event.file);
        break;
      case "torn":
        node.warn(
          `${event.file} ended with ${event.bytes} bytes of an unfinished write: they are now in ${event.aside}.`,
        );
        break;
    }
    status.update();
  });

  const status = new StatusLine(node, () => {
    if (failing.size > 0) return { fill: "red", shape: "ring", text: RED._(`${node.type}.status.failed`) };
    if (total === 0) return {};
    const perSecond = rate.read();
    return perSecond === "0"
      ? { fill: "grey", shape: "dot", text: RED._(`${node.type}.status.written`, { count: total }) }
      : { fill: "green", shape: "dot", text: RED._(`${node.type}.status.writing`, { rate: perSecond }) };
  });

  onInput(node, async (msg, send) => {
    const packet = packetOf(msg);
    const written = packet && (await archive.write(packet));
    if (written) {
      msg.archive = written;
      rate.add();
      total++;
    }
    send(msg);
  });

  onClose(node, async () => {
    status.close();
    await archive.close();
  });
}

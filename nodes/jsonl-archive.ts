/** jsonl archive: appends JSON packets to files, one line per packet. */
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import type { ArchivePacket } from "../lib/archive/archive.ts";
import { JsonLinesArchive } from "../lib/archive/json-lines.ts";
import { joinStreamId } from "../lib/stream-id.ts";
import { jsonText, packetFields } from "./messages/packet-fields.ts";
import { type ArchiveDef, archiveOptions, runArchive } from "./runtime/archive-node.ts";
import { begin } from "./runtime/settings.ts";

const DEFAULT_PATTERN = "%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl";

export default function register(RED: NodeAPI): void {
  function JsonlArchive(this: Node, def: ArchiveDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const options = archiveOptions(RED, this, def, DEFAULT_PATTERN);
      runArchive(
        RED,
        this,
        (onEvent) => new JsonLinesArchive({ ...options, onEvent }),
        async (archive, msg) => {
          const packet = jsonPacket(msg);
          return packet && (await archive.write(packet));
        },
      );
    });
  }
  RED.nodes.registerType("jsonl-archive", JsonlArchive);
}

/** The message's JSON document with its stream id and time; undefined where the message is a packet of another type. */
function jsonPacket(msg: NodeMessageInFlow): ArchivePacket | undefined {
  const { type, sourceId, streamId, ...fields } = packetFields(msg, "JSON");
  if (type !== "JSON" && type !== "BZJSON") return undefined;
  const { payload } = msg;
  if (payload instanceof Uint8Array) return { ...fields, streamId, payload };
  // What is no Buffer is not compressed any more.
  return { ...fields, streamId: joinStreamId(sourceId, "JSON"), payload: Buffer.from(jsonText(payload)) };
}

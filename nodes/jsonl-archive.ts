/** jsonl archive: appends JSON packets to files, one line per packet. */
import { types } from "node:util";
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import type { ArchivePacket } from "../lib/archive/archive.ts";
import { JsonLinesArchive } from "../lib/archive/json-lines.ts";
import { encodePayload } from "../lib/packets.ts";
import { joinStreamId } from "../lib/stream-id.ts";
import { textOfPayload } from "./messages/json-text.ts";
import { packetFields } from "./messages/packet-fields.ts";
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
        {
          known: ["mseed", "record"],
          advice: "jsonl archive keeps packets of JSON only: use mseed archive for miniSEED.",
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
  if (types.isUint8Array(payload)) return { ...fields, streamId, payload };
  const text = textOfPayload(msg) ?? payload;
  // Text that is not JSON is for the archive to refuse, and to keep.
  const document = typeof text === "string" ? Buffer.from(text) : encodePayload("JSON", text);
  // What is not a Buffer is not compressed any more.
  return { ...fields, streamId: joinStreamId(sourceId, "JSON"), payload: document };
}

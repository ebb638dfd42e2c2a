/** jsonl archive: appends JSON packets to files, one line per packet. */
import type { Node, NodeAPI, NodeDef, NodeMessageInFlow } from "node-red";
import type { ArchivePacket } from "../lib/archive/archive.ts";
import { JsonLinesArchive } from "../lib/archive/json-lines.ts";
import { archiveDirectory, runArchive } from "./support/archive-node.ts";
import { jsonText, packetFields } from "./support/packet-fields.ts";
import { begin, Settings } from "./support/settings.ts";

interface JsonlArchiveDef extends NodeDef {
  version: number;
  directory: string;
  pattern: string;
  sync: string;
}

export default function register(RED: NodeAPI): void {
  function JsonlArchive(this: Node, def: JsonlArchiveDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const options = {
        directory: archiveDirectory(RED, settings.text(def.directory)),
        pattern: settings.text(def.pattern, "%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl"),
        fsync: settings.choice("To disk", def.sync, ["interval", "none", "every"]),
      };
      runArchive(RED, this, (onEvent) => new JsonLinesArchive({ ...options, onEvent }), jsonPacket);
    });
  }
  RED.nodes.registerType("jsonl-archive", JsonlArchive);
}

/** The message's JSON document with its stream id and time; undefined where the message is a packet of another type. */
function jsonPacket(msg: NodeMessageInFlow): ArchivePacket | undefined {
  const fields = packetFields(msg, "JSON");
  if (fields.type !== "JSON" && fields.type !== "BZJSON") return undefined;
  const { payload } = msg;
  const document = payload instanceof Uint8Array ? payload : Buffer.from(jsonText(payload));
  return {
    // A BZJSON payload has been decompressed by datalink in: what is archived is plain JSON.
    streamId: fields.type === "BZJSON" ? `${fields.sourceId}/JSON` : fields.streamId,
    dataStart: fields.dataStart,
    payload: document,
    packetId: fields.packetId,
  };
}

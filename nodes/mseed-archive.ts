/** mseed archive: appends miniSEED records to files, byte for byte. */
import { types } from "node:util";
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import { MiniSeedArchive, type MiniSeedInput } from "../lib/archive/mini-seed.ts";
import { PRESETS } from "../lib/archive/path-pattern.ts";
import { MessageError } from "./messages/message-error.ts";
import { packetFields, typeOf } from "./messages/packet-fields.ts";
import { whatCame, whatCameText } from "./messages/what-came.ts";
import { type ArchiveDef, archiveOptions, runArchive } from "./runtime/archive-node.ts";
import { misfit } from "./runtime/misfits.ts";
import { begin, Settings } from "./runtime/settings.ts";

interface MseedArchiveDef extends ArchiveDef {
  layout: string;
}

export default function register(RED: NodeAPI): void {
  function MseedArchive(this: Node, def: MseedArchiveDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const layout = new Settings(RED, this).choice("Layout", def.layout, [
        "SDS",
        "BUD",
        "CHAN",
        "CDAY",
        "SDAY",
        "own",
      ]);
      const pattern = layout === "own" ? def.pattern : PRESETS[layout];
      const options = archiveOptions(RED, this, { ...def, pattern: pattern ?? "" }, PRESETS.SDS as string);
      runArchive(
        RED,
        this,
        (onEvent) => new MiniSeedArchive({ ...options, onEvent }),
        async (archive, msg) => {
          const input = recordBytes(msg);
          return input && (await archive.write(input));
        },
        {
          known: ["json", "text"],
          advice: "mseed archive keeps miniSEED only: use jsonl archive for JSON.",
        },
      );
    });
  }
  RED.nodes.registerType("mseed-archive", MseedArchive);
}

/** The message's records; undefined where the message is a packet of another type. */
function recordBytes(msg: NodeMessageInFlow): MiniSeedInput | undefined {
  const { payload } = msg;
  const type = typeOf(msg);
  if (type !== "" && type !== "MSEED" && type !== "MSEED3") return undefined;
  if (!types.isUint8Array(payload)) {
    throw misfit(
      whatCame(msg, ["record"]),
      new MessageError(
        `msg.payload is not a Buffer but ${whatCameText(msg)}: give the bytes of miniSEED records, as mseed encode does.`,
      ),
    );
  }
  return type === "" ? payload : { ...packetFields(msg, type), payload };
}

/** mseed encode: samples to miniSEED records. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import { packRecords } from "../lib/mseed/pack.ts";
import { seriesPayload } from "./messages/record-payload.ts";
import { InOrder } from "./runtime/in-order.ts";
import { onInput } from "./runtime/input-handler.ts";
import { sendEach } from "./runtime/send-each.ts";
import { begin, Settings } from "./runtime/settings.ts";

interface MseedEncodeDef extends NodeDef {
  version: number;
  formatVersion: string;
  encoding: string;
  recordLength: string;
  output: string;
}

/** What messages may have together whose records wait to be sent. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

export default function register(RED: NodeAPI): void {
  function MseedEncode(this: Node, def: MseedEncodeDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => encode(RED, this, def));
  }
  RED.nodes.registerType("mseed-encode", MseedEncode);
}

function encode(RED: NodeAPI, node: Node, def: MseedEncodeDef): void {
  const settings = new Settings(RED, node);
  const version = settings.choice("Version", def.formatVersion, ["auto", "2", "3"]);
  const encoding = settings.choice("Encoding", def.encoding, [
    "auto",
    "steim1",
    "steim2",
    "int16",
    "int32",
    "float32",
    "float64",
    "text",
  ]);
  const limits = { min: 128, max: 16 * 1024 * 1024, fallback: 512 };
  const recordLength = settings.number("Rec. length", def.recordLength, limits);
  const inOneMessage = settings.choice("Output", def.output, ["record", "buffer"]) === "buffer";

  const inOrder = new InOrder(MAX_WAITING_BYTES);

  onInput(node, async (msg, send) => {
    const named = seriesPayload(msg.payload);
    const records = packRecords(named.series, {
      formatVersion: version === "auto" ? named.formatVersion : version === "2" ? 2 : 3,
      encoding: encoding === "auto" ? named.encoding : encoding,
      recordLength,
    });
    const packed = Array.from(records, (record) =>
      Buffer.from(record.buffer, record.byteOffset, record.length),
    );
    const payloads = inOneMessage ? [Buffer.concat(packed)] : packed;
    const bytes = packed.reduce((sum, { length }) => sum + length, 0);
    await inOrder.run(bytes, async () => {
      const outputs = payloads.map((payload) => ({ payload }));
      await sendEach(RED, msg, outputs, send);
    });
  });
}

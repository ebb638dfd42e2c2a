/** mseed encode: samples to miniSEED records, message by message or collected until records are full. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import { type PackOptions, packRecords } from "../lib/mseed/pack.ts";
import { FilledRecords } from "./encode/filled-records.ts";
import { type SeriesPayload, seriesPayload } from "./messages/record-payload.ts";
import { InOrder } from "./runtime/in-order.ts";
import { onClose, onInput } from "./runtime/input-handler.ts";
import { sendEach } from "./runtime/send-each.ts";
import { begin, Settings } from "./runtime/settings.ts";

interface MseedEncodeDef extends NodeDef {
  version: number;
  formatVersion: string;
  encoding: string;
  recordLength: string;
  output: string;
  /** Nodes of 0.1.0 do not have it, and go on as they did. */
  fill?: string;
  wait?: string;
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

  const fills = settings.choice("Records", def.fill, ["message", "full"]) === "full";
  const seconds = settings.number("Longest wait", def.wait, { min: 0.1, max: 3600, fallback: 5 });

  const optionsFor = (named: SeriesPayload): PackOptions => ({
    formatVersion: version === "auto" ? named.formatVersion : version === "2" ? 2 : 3,
    encoding: encoding === "auto" ? named.encoding : encoding,
    recordLength,
  });

  if (fills) {
    const filling = new FilledRecords(RED, node, {
      seconds,
      inOneMessage,
      maxWaitingBytes: MAX_WAITING_BYTES,
    });
    onInput(node, async (msg) => {
      const named = seriesPayload(msg.payload);
      await filling.add(msg, named.series, optionsFor(named));
    });
    onClose(node, (removed) => filling.close(removed));
    return;
  }

  const inOrder = new InOrder(MAX_WAITING_BYTES);
  onInput(node, async (msg, send) => {
    const named = seriesPayload(msg.payload);
    const packed = Array.from(packRecords(named.series, optionsFor(named)), (record) =>
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

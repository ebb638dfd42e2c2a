/** datalink out: writes messages as packets, and passes them on when the server has acknowledged them. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import { PacketWriter, type WriterEvent } from "../lib/datalink/writer.ts";
import { RateMeter } from "../lib/rate-meter.ts";
import { splitStreamId } from "../lib/stream-id.ts";
import { formatMicroseconds } from "../lib/time.ts";
import { chosenServer } from "./datalink-connection.ts";
import { dataLinkSentence } from "./messages/datalink-events.ts";
import { messagePackets, type OutgoingPacket } from "./messages/message-packets.ts";
import { ConnectionStatus } from "./runtime/connection-status.ts";
import { guarded, onClose, onInput } from "./runtime/input-handler.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { rateText, StatusLine } from "./runtime/status.ts";

interface DataLinkOutDef extends NodeDef {
  version: number;
  connection: string;
  streamId: string;
  ack: boolean;
  maxInFlight: string;
  maxWaiting: string;
}

const MIB = 1024 * 1024;

/** How long a stop may wait for acknowledgements. */
const CLOSE_MS = 3000;

export default function register(RED: NodeAPI): void {
  function DataLinkOut(this: Node, def: DataLinkOutDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => write(RED, this, def));
  }
  RED.nodes.registerType("datalink-out", DataLinkOut);
}

function write(RED: NodeAPI, node: Node, def: DataLinkOutDef): void {
  const settings = new Settings(RED, node);
  const server = chosenServer(RED, def.connection);
  const streamId = settings.text(def.streamId);
  const maxInFlight = settings.number("Sent ahead", def.maxInFlight, { min: 1, max: 100_000, fallback: 256 });
  const maxWaiting = settings.number("Hold at most", def.maxWaiting, { min: 0.001, max: 4096, fallback: 64 });
  const ack = def.ack !== false;
  const rate = new RateMeter();
  const connection = new ConnectionStatus<WriterEvent>(RED, node, dataLinkSentence);

  const writer = new PacketWriter(server.url, {
    ...server.options,
    maxInFlight,
    maxWaitingBytes: Math.round(maxWaiting * MIB),
    onEvent: guarded(node, (event: WriterEvent) => {
      connection.note(event);
      if (event.type === "packet-refused") node.warn(event.error.message);
      status.update();
    }),
  });

  const status = new StatusLine(node, (): NodeStatus => {
    if (!connection.isConnected) return connection.status();
    const text = (key: string, values?: Record<string, string | number>) =>
      RED._(`datalink-out.status.${key}`, values);
    if (writer.pending > maxInFlight) {
      return { fill: "blue", shape: "ring", text: text("waiting", { count: writer.pending }) };
    }
    return { fill: "green", shape: "dot", text: text("writing", { rate: rateText(rate.read()) }) };
  });

  onInput(node, async (msg, send) => {
    const packets = messagePackets(msg, streamId);
    const ids = await Promise.all(packets.map((packet) => writer.write(packet, { ack })));
    rate.add(packets.length);
    msg.datalink = written(msg.datalink, packets, ids, server.address);
    send(msg);
  });

  onClose(node, async () => {
    status.close();
    await writer.close({ timeout: CLOSE_MS });
  });
}

/** `msg.datalink` as the server has the packets: with the last one's id, and all ids where there are several. */
function written(
  before: unknown,
  packets: readonly OutgoingPacket[],
  ids: readonly (bigint | undefined)[],
  server: string,
): object {
  const first = packets[0] as OutgoingPacket;
  const last = packets.at(-1) as OutgoingPacket;
  const packetIds = ids.filter((id) => id !== undefined).map(String);
  const {
    packetId: _,
    packetTime: _time,
    ...kept
  } = (before ?? {}) as { packetId?: unknown; packetTime?: unknown };
  return {
    ...kept,
    streamId: last.streamId,
    sourceId: splitStreamId(last.streamId).sourceId,
    type: splitStreamId(last.streamId).type,
    dataStart: formatMicroseconds(first.dataStart),
    dataEnd: formatMicroseconds(last.dataEnd),
    server,
    ...(packetIds.length > 0 && { packetId: packetIds.at(-1) }),
    ...(packetIds.length > 1 && { packetIds }),
  };
}

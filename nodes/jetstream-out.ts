/** jetstream out: writes messages as packets into a JetStream stream, and passes them on when the cluster has them. */
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import { loadPackages } from "../lib/jetstream/client.ts";
import type { JetStreamWriterEvent } from "../lib/jetstream/events.ts";
import type { SourcePacket, Stored } from "../lib/jetstream/format/packet.ts";
import { JetStreamWriter } from "../lib/jetstream/writing/writer.ts";
import { RateMeter } from "../lib/rate-meter.ts";
import { splitStreamId } from "../lib/stream-id.ts";
import { formatMicroseconds } from "../lib/time.ts";
import { shareConnection } from "./jetstream-connection.ts";
import { nameSetting } from "./jetstream-in.ts";
import { jetStreamSentence } from "./messages/jetstream/events.ts";
import { SOURCE_NAME, SourcePackets } from "./messages/jetstream/source-packets.ts";
import { ConnectionStatus } from "./runtime/connection-status.ts";
import { guarded, onClose, onInput } from "./runtime/input-handler.ts";
import { begin, SettingError, Settings } from "./runtime/settings.ts";
import { rateText, StatusLine } from "./runtime/status.ts";

interface JetStreamOutDef extends NodeDef {
  version: number;
  connection: string;
  stream: string;
  source: string;
  streamId: string;
  maxInFlight: string;
  maxWaiting: string;
}

const MIB = 1024 * 1024;

/** How long a stop may wait for acknowledgements. */
const CLOSE_MS = 3000;

export default function register(RED: NodeAPI): void {
  function JetStreamOut(this: Node, def: JetStreamOutDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => write(RED, this, def));
  }
  RED.nodes.registerType("jetstream-out", JetStreamOut);
}

function write(RED: NodeAPI, node: Node, def: JetStreamOutDef): void {
  const settings = new Settings(RED, node);
  const stream = nameSetting(settings, "Stream", def.stream, "SEIS");
  const source = sourceSetting(settings, def.source);
  const streamId = settings.text(def.streamId);
  const maxInFlight = settings.number("Sent ahead", def.maxInFlight, { min: 1, max: 100_000, fallback: 256 });
  const maxWaiting = settings.number("Hold at most", def.maxWaiting, { min: 0.001, max: 4096, fallback: 64 });
  const shared = shareConnection(RED, def.connection);
  const packetsOf = new SourcePackets({ source, own: `node-red:${node.id}`, streamId });
  const rate = new RateMeter();
  const line = new ConnectionStatus<JetStreamWriterEvent>(RED, node, jetStreamSentence);

  const writer = new JetStreamWriter(shared.connection, {
    stream,
    maxInFlight,
    maxWaitingBytes: Math.round(maxWaiting * MIB),
    onEvent: guarded(node, (event: JetStreamWriterEvent) => {
      line.note(event);
      status.update();
    }),
  });

  /** Why nothing can be written: the client of NATS is not there. */
  let missing: Error | undefined;
  loadPackages().catch((error: Error) => {
    missing = error;
    node.error(error.message);
    status.update();
  });

  const status = new StatusLine(node, (): NodeStatus => {
    if (missing) return { fill: "red", shape: "ring", text: RED._("jetstream-out.status.no-client") };
    if (!line.isConnected) return line.status();
    const text = (key: string, values?: Record<string, string | number>) =>
      RED._(`jetstream-out.status.${key}`, values);
    if (writer.pending > maxInFlight) {
      return { fill: "blue", shape: "ring", text: text("waiting", { count: writer.pending }) };
    }
    return { fill: "green", shape: "dot", text: text("writing", { rate: rateText(rate.read()) }) };
  });

  onInput(node, async (msg, send) => {
    if (missing) throw missing;
    const packets = packetsOf.of(msg);
    const stored = await Promise.all(packets.map((packet) => writer.publish(packet)));
    rate.add(packets.length);
    const { datalink } = msg as { datalink?: object };
    Object.assign(msg, {
      datalink: { ...datalink, ...written(packets) },
      jetstream: storedProperty(stream, stored),
    });
    send(msg);
  });

  onClose(node, async () => {
    status.close();
    await writer.close({ timeout: CLOSE_MS });
    await shared.release();
  });
}

/** @throws SettingError */
function sourceSetting(settings: Settings, value: string): string {
  const source = settings.text(value);
  if (source === "" || SOURCE_NAME.test(source)) return source;
  throw new SettingError(
    "INVALID_SETTING",
    `Source is ${JSON.stringify(source)}: give at most 128 letters, digits and signs without spaces in the node's settings.`,
  );
}

/** `msg.datalink` as the packets say. */
function written(packets: readonly SourcePacket[]): object {
  const first = packets[0] as SourcePacket;
  const { streamId, dataEnd } = packets.at(-1) as SourcePacket;
  const { sourceId, type } = splitStreamId(streamId);
  return {
    streamId,
    sourceId,
    type,
    dataStart: formatMicroseconds(first.dataStart),
    dataEnd: formatMicroseconds(dataEnd),
  };
}

/** `msg.jetstream`: the last packet's number, and all numbers where there are several. */
function storedProperty(stream: string, stored: readonly Stored[]): object {
  const sequences = stored.map(({ sequence }) => String(sequence));
  return {
    stream,
    sequence: sequences.at(-1),
    duplicate: stored.every(({ duplicate }) => duplicate),
    ...(sequences.length > 1 && { sequences }),
  };
}

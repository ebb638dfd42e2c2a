/** datalink in: one message per packet of a DataLink server, each once and in order. */
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import { PositionFile } from "../lib/datalink/position-file.ts";
import { MAX_PACKET_ID, type Packet } from "../lib/datalink/protocol/packet.ts";
import type { From, Position } from "../lib/datalink/protocol/position.ts";
import { type SubscriptionEvent, subscribe } from "../lib/datalink/subscribe.ts";
import type { StateFile } from "../lib/subscription/state-file.ts";
import { chosenServer, type ServerSettings } from "./datalink-connection.ts";
import { readControl } from "./messages/control.ts";
import { dataLinkDetails, dataLinkSentence } from "./messages/datalink-events.ts";
import { packetMessage } from "./messages/packet-message.ts";
import { Reader } from "./runtime/reading/reader.ts";
import { type ReadingDef, readingSettings, timeSetting } from "./runtime/reading/reading-settings.ts";
import type { Control, PacketSource } from "./runtime/reading/source.ts";
import { begin, SettingError, Settings } from "./runtime/settings.ts";

interface DataLinkInDef extends ReadingDef {
  match: string;
  reject: string;
  fromPacket: string;
  payload: string;
}

export default function register(RED: NodeAPI): void {
  function DataLinkIn(this: Node, def: DataLinkInDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const reading = readingSettings(settings, def);
      const server = chosenServer(RED, def.connection);
      return new Reader(
        RED,
        this,
        reading,
        new DataLinkSource(settings, def, server, reading.delivery.maxInFlight),
      );
    });
  }
  RED.nodes.registerType("datalink-in", DataLinkIn);
}

class DataLinkSource implements PacketSource<Packet, Position, From, SubscriptionEvent> {
  readonly server: string;
  readonly from: From;
  readonly sentence = dataLinkSentence;
  readonly details = dataLinkDetails;
  readonly #connection: ServerSettings;
  readonly #raw: boolean;
  readonly #maxInFlight: number;
  #match: string;
  #reject: string;

  constructor(settings: Settings, def: DataLinkInDef, connection: ServerSettings, maxInFlight: number) {
    this.#connection = connection;
    this.server = connection.address;
    this.#match = settings.text(def.match);
    this.#reject = settings.text(def.reject);
    this.from = startOf(settings, def);
    this.#raw = settings.choice("Payload", def.payload, ["parsed", "raw"]) === "raw";
    this.#maxInFlight = maxInFlight;
  }

  open(from: From, checkpoint: StateFile<Position>, onEvent: (event: SubscriptionEvent) => void) {
    const { url, options } = this.#connection;
    return subscribe(url, {
      ...options,
      match: this.#match || undefined,
      reject: this.#reject || undefined,
      from,
      checkpoint,
      maxInFlight: this.#maxInFlight,
      onEvent,
    });
  }

  positionFile(file: string, onError: (error: Error) => void): PositionFile {
    return new PositionFile(file, onError);
  }

  rewind(_position: Position, [first]: readonly [Packet, ...Packet[]]): Position {
    return { packetId: first.packetId - 1n, dataEnd: first.dataStart - 1 };
  }

  message(packet: Packet, onProblem: (sentence: string) => void) {
    return packetMessage(packet, this.server, this.#raw, onProblem);
  }

  identify({ streamId, packetId }: Packet) {
    return {
      properties: { streamId, packetId: String(packetId) },
      name: `packet ${packetId} of ${streamId}`,
    };
  }

  control(msg: NodeMessageInFlow): Control<From> {
    const control = readControl(msg);
    if (control.action !== "match") return control;
    const { match, reject } = control;
    const choose = () => {
      this.#match = match;
      this.#reject = reject;
    };
    return { action: "select", choose };
  }

  selection(): string {
    const except = this.#reject && ` without ${JSON.stringify(this.#reject)}`;
    return `${JSON.stringify(this.#match || ".*")}${except}`;
  }

  place({ packetId }: Position): string {
    return ` #${packetId}`;
  }
}

function startOf(settings: Settings, def: DataLinkInDef): From {
  const from = settings.choice("Start with", def.from, ["latest", "earliest", "time", "packet"]);
  if (from === "latest" || from === "earliest") return from;
  if (from === "time") return timeSetting(settings, def.fromTime);
  const id = settings.text(def.fromPacket);
  if (!/^\d{1,20}$/.test(id) || BigInt(id) > MAX_PACKET_ID)
    throw new SettingError(
      "INVALID_SETTING",
      `Packet id ${JSON.stringify(id)} is not a packet id: give its digits.`,
    );
  // A position is the packet seen last.
  return BigInt(id) > 0n ? { packetId: BigInt(id) - 1n } : "earliest";
}

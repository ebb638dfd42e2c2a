/** seedlink in: one message per packet of a SeedLink server, each once and in the order of its station. */
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import { rewound, type SeedLinkPosition } from "../lib/seedlink/position.ts";
import type { SeedLinkPacket } from "../lib/seedlink/protocol/packet.ts";
import { parseStreams } from "../lib/seedlink/protocol/selectors.ts";
import type { SeedLinkConnectOptions } from "../lib/seedlink/session.ts";
import { SeedLinkPositionFile, subscribeSeedLink } from "../lib/seedlink/subscribe.ts";
import type { SeedLinkEvent } from "../lib/seedlink/subscription.ts";
import type { StateFile } from "../lib/subscription/state-file.ts";
import type { TimeInput } from "../lib/time.ts";
import { readSeedLinkControl } from "./messages/seedlink-control.ts";
import { seedLinkDetails, seedLinkSentence } from "./messages/seedlink-events.ts";
import { seedLinkMessage } from "./messages/seedlink-message.ts";
import type { ServerSettings } from "./runtime/connection-type.ts";
import { Reader } from "./runtime/reading/reader.ts";
import { type ReadingDef, readingSettings, timeSetting } from "./runtime/reading/reading-settings.ts";
import type { Control, PacketSource } from "./runtime/reading/source.ts";
import { begin, Settings } from "./runtime/settings.ts";
import { SEEDLINK } from "./seedlink-connection.ts";

interface SeedLinkInDef extends ReadingDef {
  streams: string;
}

export default function register(RED: NodeAPI): void {
  function SeedLinkIn(this: Node, def: SeedLinkInDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const reading = readingSettings(settings, def);
      const server = SEEDLINK.chosen(RED, def.connection);
      const source = new SeedLinkSource(settings, def, server, reading.delivery.maxInFlight);
      return new Reader(RED, this, reading, source);
    });
  }
  RED.nodes.registerType("seedlink-in", SeedLinkIn);
}

class SeedLinkSource implements PacketSource<SeedLinkPacket, SeedLinkPosition, TimeInput, SeedLinkEvent> {
  readonly server: string;
  readonly from: TimeInput;
  readonly sentence = seedLinkSentence;
  readonly details = seedLinkDetails;
  readonly #connection: ServerSettings<SeedLinkConnectOptions>;
  readonly #maxInFlight: number;
  #streams: string;
  /** The version that is spoken. */
  #protocol = "";

  constructor(
    settings: Settings,
    def: SeedLinkInDef,
    connection: ServerSettings<SeedLinkConnectOptions>,
    maxInFlight: number,
  ) {
    this.#connection = connection;
    this.server = connection.address;
    this.#streams = settings.text(def.streams);
    parseStreams(this.#streams);
    const from = settings.choice("Start with", def.from, ["latest", "earliest", "time"]);
    this.from = from === "time" ? timeSetting(settings, def.fromTime) : from;
    this.#maxInFlight = maxInFlight;
  }

  open(from: TimeInput, checkpoint: StateFile<SeedLinkPosition>, onEvent: (event: SeedLinkEvent) => void) {
    const { url, options } = this.#connection;
    return subscribeSeedLink(url, {
      ...options,
      streams: this.#streams,
      from,
      checkpoint,
      maxInFlight: this.#maxInFlight,
      onEvent: (event) => {
        if (event.type === "connected") this.#protocol = event.identity.protocol;
        onEvent(event);
      },
    });
  }

  positionFile(file: string, onError: (error: Error) => void): SeedLinkPositionFile {
    return new SeedLinkPositionFile(file, onError);
  }

  rewind(position: SeedLinkPosition, packets: readonly SeedLinkPacket[]): SeedLinkPosition {
    return rewound(position, packets);
  }

  message(packet: SeedLinkPacket, onProblem: (sentence: string) => void) {
    return seedLinkMessage(packet, { server: this.server, protocol: this.#protocol }, onProblem);
  }

  identify({ streamId, station, sequence }: SeedLinkPacket) {
    return {
      properties: { streamId, station, sequence: String(sequence) },
      name: `packet ${sequence} of ${streamId}`,
    };
  }

  control(msg: NodeMessageInFlow): Control<TimeInput> {
    const control = readSeedLinkControl(msg);
    if (control.action !== "streams") return control;
    const choose = () => {
      this.#streams = control.streams;
    };
    return { action: "select", choose };
  }

  /** Of a server with one number for all stations. */
  place({ numbering, newest }: SeedLinkPosition): string {
    return numbering === "ring" && newest ? ` #${newest.sequence}` : "";
  }
}

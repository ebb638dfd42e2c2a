/** jetstream in: one message per packet of a JetStream stream, each acknowledged when it is dealt with. */
import type { Node, NodeAPI, NodeMessageInFlow } from "node-red";
import type { JetStreamEvent } from "../lib/jetstream/events.ts";
import type { JetStreamPacket } from "../lib/jetstream/format/packet.ts";
import type { JetStreamFilter } from "../lib/jetstream/format/subject.ts";
import type { JetStreamPosition, JetStreamSubscription } from "../lib/jetstream/reading/subscription.ts";
import { subscribeJetStream } from "../lib/jetstream/subscribe.ts";
import type { TimeInput } from "../lib/time.ts";
import { type SharedConnection, shareConnection } from "./jetstream-connection.ts";
import { readJetStreamControl } from "./messages/jetstream/control.ts";
import { jetStreamDetails, jetStreamSentence } from "./messages/jetstream/events.ts";
import { jetStreamMessage } from "./messages/jetstream/message.ts";
import { Reader } from "./runtime/reading/reader.ts";
import { type ReadingDef, readingSettings, timeSetting } from "./runtime/reading/reading-settings.ts";
import type { Control, PacketSource, PositionKeeper } from "./runtime/reading/source.ts";
import { begin, SettingError, Settings } from "./runtime/settings.ts";

interface JetStreamInDef extends ReadingDef {
  stream: string;
  group: string;
  network: string;
  station: string;
  location: string;
  channel: string;
  keepOrder: boolean;
  ackWait: string;
}

/** Of the time to acknowledge: so long a packet may be sent whose nodes never finish. */
const COUNTS_WITHIN_PART = 1 / 2;

export default function register(RED: NodeAPI): void {
  function JetStreamIn(this: Node, def: JetStreamInDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => {
      const settings = new Settings(RED, this);
      const reading = readingSettings(settings, def);
      const options = subscriptionOptions(settings, def, this.id, reading.delivery.maxInFlight);
      const shared = shareConnection(RED, def.connection);
      const delivery = { ...reading.delivery, countsWithin: options.ackWait * COUNTS_WITHIN_PART };
      return new Reader(RED, this, { ...reading, delivery }, new JetStreamSource(shared, options));
    });
  }
  RED.nodes.registerType("jetstream-in", JetStreamIn);
}

interface SubscriptionOptions {
  stream: string;
  group: string;
  filter: JetStreamFilter;
  from: TimeInput;
  order: "any" | "kept";
  maxInFlight: number;
  /** Milliseconds. */
  ackWait: number;
}

class JetStreamSource implements PacketSource<JetStreamPacket, JetStreamPosition, TimeInput, JetStreamEvent> {
  readonly server: string;
  readonly from: TimeInput;
  readonly sentence = jetStreamSentence;
  readonly details = jetStreamDetails;
  readonly #shared: SharedConnection;
  readonly #options: SubscriptionOptions;
  #subscription: JetStreamSubscription | undefined;

  constructor(shared: SharedConnection, options: SubscriptionOptions) {
    this.#shared = shared;
    this.#options = options;
    this.server = shared.connection.server;
    this.from = options.from;
  }

  open(from: TimeInput, _checkpoint: unknown, onEvent: (event: JetStreamEvent) => void) {
    this.#subscription = subscribeJetStream(this.#shared.connection, { ...this.#options, from, onEvent });
    return this.#subscription;
  }

  /** The servers keep it. */
  positionFile(): PositionKeeper<JetStreamPosition> {
    return SERVERS_KEEP_IT;
  }

  /** What is not acknowledged comes again. */
  rewind(position: JetStreamPosition): JetStreamPosition {
    return position;
  }

  message(packet: JetStreamPacket, onProblem: (sentence: string) => void) {
    return jetStreamMessage(packet, onProblem);
  }

  identify({ streamId, sequence }: JetStreamPacket) {
    return {
      properties: { streamId, sequence: String(sequence) },
      name: `packet ${sequence} of the stream (${streamId})`,
    };
  }

  control(msg: NodeMessageInFlow): Control<TimeInput> {
    return readJetStreamControl(msg);
  }

  place(): string {
    return "";
  }

  counts(): Record<string, string | number> {
    const { lag, open = 0 } = this.#subscription ?? {};
    return { lag: lag === undefined ? "?" : grouped(lag), open: grouped(open) };
  }

  failure(error: Error): string | undefined {
    return (error as { code?: unknown }).code === "PACKAGE_MISSING" ? "no-client" : undefined;
  }

  async release(): Promise<void> {
    await this.#shared.release();
  }
}

const SERVERS_KEEP_IT: PositionKeeper<JetStreamPosition> = {
  load: async () => undefined,
  save: () => {},
  flush: async () => {},
  remove: async () => {},
};

/** `1,234,567` */
function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** @throws SettingError */
function subscriptionOptions(
  settings: Settings,
  def: JetStreamInDef,
  id: string,
  maxInFlight: number,
): SubscriptionOptions {
  const from = settings.choice("Start with", def.from, ["earliest", "latest", "time"]);
  return {
    stream: nameSetting(settings, "Stream", def.stream, "SEIS"),
    group: nameSetting(settings, "Group", def.group, `node-red-${id}`),
    filter: filterSetting(settings, def),
    from: from === "time" ? timeSetting(settings, def.fromTime) : from,
    order: def.keepOrder ? "kept" : "any",
    maxInFlight,
    ackWait: 1000 * settings.number("Time to ack", def.ackWait, { min: 1, max: 86_400, fallback: 30 }),
  };
}

/**
 * The name of a stream or a group.
 * @throws SettingError
 */
export function nameSetting(settings: Settings, field: string, value: string, fallback: string): string {
  const name = settings.text(value, fallback);
  if (/^[\x21-\x7e]{1,200}$/.test(name) && !/[.*>/\\]/.test(name)) return name;
  throw new SettingError(
    "INVALID_SETTING",
    `${field} is ${JSON.stringify(name)}: give at most 200 letters, digits and signs without spaces and . * > / \\ in the node's settings.`,
  );
}

/** @throws SettingError */
function filterSetting(settings: Settings, def: JetStreamInDef): JetStreamFilter {
  const code = (field: string, value: string): string | undefined => {
    const text = settings.text(value);
    if (text === "" || text === "*") return undefined;
    if (/^[\w-]{1,8}$/.test(text)) return text;
    throw new SettingError(
      "INVALID_SETTING",
      `${field} is ${JSON.stringify(text)}: give a code such as CO, or nothing for all, in the node's settings.`,
    );
  };
  const location = code("Location", def.location);
  return {
    network: code("Network", def.network),
    station: code("Station", def.station),
    location: location === "--" ? "" : location,
    ...channelSetting(settings, def.channel),
  };
}

function channelSetting(settings: Settings, value: string): JetStreamFilter {
  const channel = settings.text(value);
  if (channel !== "" && !/^[\w?*]{3}$/.test(channel)) {
    throw new SettingError(
      "INVALID_SETTING",
      `Channel is ${JSON.stringify(channel)}: give three letters, with ? for any, or nothing for all, in the node's settings.`,
    );
  }
  const [band, sourceCode, subsource] = channel
    .split("")
    .map((letter) => (/[?*]/.test(letter) ? undefined : letter));
  return { band, sourceCode, subsource };
}

/** shake in: records from the UDP data cast of a Raspberry Shake. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { networkInterfaces } from "node:os";
import type { Node, NodeAPI, NodeDef, NodeStatus } from "node-red";
import { RateMeter } from "../lib/rate-meter.ts";
import { ShakeCollector, type ShakeStretch } from "../lib/shake/collector.ts";
import { readShakeDatagram, ShakeError } from "../lib/shake/datagram.ts";
import { SourceId } from "../lib/source-id.ts";
import { formatNanoseconds } from "../lib/time.ts";
import { asError, guarded, onClose } from "./runtime/input-handler.ts";
import { begin, SettingError, Settings } from "./runtime/settings.ts";
import { rateText, StatusLine } from "./runtime/status.ts";

interface ShakeInDef extends NodeDef {
  version: number;
  network: string;
  station: string;
  location: string;
  port: string;
  host: string;
  allow: string;
  rate: string;
  seconds: string;
}

interface ShakeSettings {
  network: string;
  station: string;
  location: string;
  port: number;
  /** Where to listen; blank for all addresses of this computer. */
  host: string;
  /** Who may send; empty for everybody. */
  allowed: ReadonlySet<string>;
  sampleRate: number | undefined;
  seconds: number;
}

const SILENCE_MS = 10_000;
const RETRY_MS = 5000;
/** The same kind of trouble is logged once in this time. */
const TELL_AGAIN_MS = 60_000;
/** What the last samples of a stretch wait for those that complete it, beyond its length. */
const LATE_MS = 1000;

export default function register(RED: NodeAPI): void {
  function ShakeIn(this: Node, def: ShakeInDef): void {
    RED.nodes.createNode(this, def);
    begin(RED, this, () => new ShakeReceiver(RED, this, readSettings(RED, this, def)));
  }
  RED.nodes.registerType("shake-in", ShakeIn);
}

function readSettings(RED: NodeAPI, node: Node, def: ShakeInDef): ShakeSettings {
  const settings = new Settings(RED, node);
  const rate = settings.number("Rate", def.rate, { min: 1, max: 1000, fallback: 0 });
  const allowed = settings
    .text(def.allow)
    .split(",")
    .map((address) => address.trim());
  return {
    network: code(settings, "Network", def.network, "AM", /^[A-Z0-9]{1,8}$/),
    station: code(settings, "Station", def.station, "", /^[A-Z0-9-]{1,8}$/),
    location: code(settings, "Location", def.location, "", /^[A-Z0-9-]{0,8}$/),
    port: Math.round(settings.number("Port", def.port, { min: 1, max: 65_535, fallback: 8888 })),
    host: settings.text(def.host),
    allowed: new Set(allowed.filter((address) => address !== "")),
    sampleRate: rate === 0 ? undefined : rate,
    seconds: settings.number("Seconds", def.seconds, { min: 0.1, max: 60, fallback: 1 }),
  };
}

/** @throws SettingError */
function code(settings: Settings, field: string, value: unknown, usual: string, rule: RegExp): string {
  const text = settings.text(value, usual).toUpperCase();
  if (rule.test(text)) return text;
  throw new SettingError(
    "INVALID_SETTING",
    `${field} is ${JSON.stringify(text)}: give its letters and digits, at most eight.`,
  );
}

class ShakeReceiver {
  readonly #RED: NodeAPI;
  readonly #node: Node;
  readonly #settings: ShakeSettings;
  readonly #collector: ShakeCollector;
  readonly #status: StatusLine;
  readonly #rate = new RateMeter();
  readonly #timer: NodeJS.Timeout;
  #socket: Socket | undefined;
  #failure: Error | undefined;
  #retryAt = 0;
  /** When a datagram came that could be used; at first when listening began. */
  #heardAt = performance.now();
  #hasHeard = false;
  #isToldSilent = false;
  /** Samples that did not come. */
  #missing = 0;
  /** When each kind of trouble was logged, and how often it has come since. */
  readonly #troubles = new Map<string, { at: number; count: number }>();

  constructor(RED: NodeAPI, node: Node, settings: ShakeSettings) {
    this.#RED = RED;
    this.#node = node;
    this.#settings = settings;
    this.#collector = new ShakeCollector(settings);
    this.#status = new StatusLine(node, () => this.#describe());
    this.#timer = setInterval(
      guarded(node, () => this.#tick()),
      200,
    );
    this.#listen();
    onClose(node, async () => this.#close());
  }

  #listen(): void {
    const { port, host } = this.#settings;
    this.#failure = undefined;
    const socket = createSocket("udp4");
    this.#socket = socket;
    socket.on(
      "message",
      guarded(this.#node, (bytes, from) => this.#onDatagram(bytes, from)),
    );
    socket.on(
      "error",
      guarded(this.#node, (error) => this.#onFailure(socket, error)),
    );
    socket.bind(port, host || undefined);
  }

  #onFailure(socket: Socket, error: Error): void {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    socket.close();
    this.#failure = error;
    this.#retryAt = performance.now() + RETRY_MS;
    const { port } = this.#settings;
    const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    this.#tell(
      "socket",
      isTaken
        ? `Port ${port} is used by another program or node: stop it, or choose another port here and in the Shake's DATACAST dialog.`
        : `Cannot listen on port ${port}: ${error.message}.`,
    );
    this.#status.update();
  }

  #onDatagram(bytes: Buffer, { address }: RemoteInfo): void {
    const { allowed } = this.#settings;
    if (allowed.size > 0 && !allowed.has(address)) {
      this.#tell("stranger", `A datagram from ${address}, which is not in "Only from", was left out.`);
      return;
    }
    try {
      const taken = this.#collector.add(readShakeDatagram(bytes), performance.now());
      if (!taken) {
        this.#tell(
          "channels",
          `More than ${this.#collector.channels.length} channels come: the others are left out.`,
        );
        return;
      }
      this.#heardAt = performance.now();
      this.#hasHeard = true;
      this.#isToldSilent = false;
      this.#rate.add();
      this.#missing += taken.missing;
      this.#send(taken.stretches);
    } catch (error) {
      const problem = asError(error);
      const kind = problem instanceof ShakeError ? problem.code : "other";
      // rsudp's own messages are no trouble.
      if (kind !== "NO_DATA")
        this.#tell(kind, `A datagram from ${address} cannot be used: ${problem.message}.`);
    }
    this.#status.update();
  }

  #send(stretches: readonly ShakeStretch[]): void {
    for (const stretch of stretches) this.#node.send(messageOf(stretch, this.#settings));
  }

  #tick(): void {
    const now = performance.now();
    this.#send(this.#collector.flush(now - 1000 * this.#settings.seconds - LATE_MS));
    if (this.#failure) {
      if (now >= this.#retryAt) this.#listen();
      return;
    }
    if (!this.#isSilent || this.#isToldSilent) return;
    this.#isToldSilent = true;
    this.#node.warn(this.#silenceText());
  }

  get #isSilent(): boolean {
    return performance.now() - this.#heardAt > SILENCE_MS;
  }

  #silenceText(): string {
    const { port, host } = this.#settings;
    const own = host && host !== "0.0.0.0" ? [host] : ownAddresses();
    const address =
      own.length > 1
        ? `one of this computer's addresses (${own.join(", ")})`
        : `this computer's address, ${own[0] ?? "which is not known"},`;
    return `No data has come for ${SILENCE_MS / 1000} s. Open http://rs.local, Settings, DATACAST, and enter ${address} as host and ${port} as port. A firewall of this computer must let UDP port ${port} in.`;
  }

  #describe(): NodeStatus {
    const text = (key: string, values?: Record<string, string | number>) =>
      this.#RED._(`shake-in.status.${key}`, values);
    const { port } = this.#settings;
    if (this.#failure) return { fill: "red", shape: "ring", text: text("failed", { port }) };
    if (this.#isSilent) return { fill: "red", shape: "ring", text: text("silent", { port }) };
    if (!this.#hasHeard) return { fill: "yellow", shape: "ring", text: text("listening", { port }) };
    const channels = this.#collector.channels.join(" ");
    const missing = this.#missing > 0 ? `, ${text("missing", { count: this.#missing })}` : "";
    return { fill: "green", shape: "dot", text: `${channels} ${rateText(this.#rate.read())}/s${missing}` };
  }

  /** Logs a kind of trouble at most once a minute, with how often it has come. */
  #tell(kind: string, sentence: string): void {
    const now = performance.now();
    const known = this.#troubles.get(kind);
    if (known && now - known.at < TELL_AGAIN_MS) {
      known.count++;
      return;
    }
    this.#troubles.set(kind, { at: now, count: 0 });
    const more = known && known.count > 0 ? ` (and ${known.count} more of this kind since)` : "";
    this.#node.warn(sentence + more);
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#status.close();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket) {
      socket.close();
      await once(socket, "close");
    }
    this.#send(this.#collector.flush(Number.POSITIVE_INFINITY));
  }
}

/** What mseed decode would send for the samples. */
function messageOf(
  { channel, startTime, sampleRate, samples }: ShakeStretch,
  { network, station, location }: ShakeSettings,
) {
  const sourceId = SourceId.fromNslc({ network, station, location, channel }).text;
  const end = startTime + BigInt(Math.round(((samples.length - 1) * 1e9) / sampleRate));
  return {
    topic: sourceId,
    payload: {
      ...{ sourceId, network, station, location, channel },
      startTime: formatNanoseconds(startTime),
      endTime: formatNanoseconds(end),
      ...{ sampleRate, sampleCount: samples.length, encoding: "int32", samples },
    },
  };
}

/** IPv4 addresses by which others reach this computer. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flat()
    .filter((each) => each?.family === "IPv4" && !each.internal)
    .map((each) => each!.address);
}

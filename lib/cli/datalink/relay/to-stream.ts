/** Packets of a DataLink or SeedLink server into a stream of JetStream, each once. */
import { parseAddress } from "../../../datalink/address.ts";
import { positionFormat } from "../../../datalink/position-file.ts";
import type { JetStreamConnection } from "../../../jetstream/connection.ts";
import { type JetStreamWriterEvent, jetStreamEventText } from "../../../jetstream/events.ts";
import { checkSource } from "../../../jetstream/format/message.ts";
import type { SourcePacket } from "../../../jetstream/format/packet.ts";
import { RelayPosition } from "../../../jetstream/relay-position.ts";
import { checkStream, createStream } from "../../../jetstream/stream.ts";
import { JetStreamWriter } from "../../../jetstream/writing/writer.ts";
import { parseAddress as parseSeedLinkAddress } from "../../../seedlink/address.ts";
import { positionFormat as seedLinkFormat } from "../../../seedlink/position.ts";
import type { SeedLinkPacket } from "../../../seedlink/protocol/packet.ts";
import type { PositionFormat } from "../../../subscription/state-file.ts";
import { type Io, usageError } from "../../command.ts";
import { numberOption } from "../../numbers.ts";
import { fromOption, readPackets as readSeedLink } from "../../seedlink/reader.ts";
import { connectOptions as seedLinkOptions } from "../../seedlink/server-options.ts";
import { parseFromOption, readPackets } from "../reader.ts";
import { RelayProgress } from "../relay-progress.ts";
import { connectOptions } from "../server-options.ts";
import type { RelayOptions } from "./options.ts";
import { Passing, whatIsLeft } from "./passing.ts";
import { connectToStream, parseStreamAddress, sizeOption, timeOption } from "./stream-address.ts";

/** Packets that were read and not yet acknowledged by the stream: twice what is on its way to it. */
const WINDOW = 512;
const READ_AHEAD = 4 * WINDOW;
const TOLD: ReadonlySet<string> = new Set(["disconnected", "refused", "stalled", "recovered"]);

export async function relayToStream(
  from: string,
  to: string,
  options: RelayOptions,
  io: Io,
): Promise<number> {
  const { servers, stream } = parseStreamAddress(to);
  await using connection = await connectToStream(servers, options, io);
  await prepareStream(connection, stream, options);
  const isSeedLink = /^seedlinks?:\/\//i.test(from);
  return isSeedLink
    ? await relaySeedLink(from, connection, stream, options, io)
    : await relayDataLink(from, connection, stream, options, io);
}

async function prepareStream(
  connection: JetStreamConnection,
  stream: string,
  options: RelayOptions,
): Promise<void> {
  const { create, "max-bytes": maxBytes, "max-age": maxAge, replicas, window, prefix } = options;
  if (!create) {
    if ([maxBytes, maxAge, replicas, window, prefix].some((value) => value !== undefined))
      throw usageError("--max-bytes, --max-age, --replicas, --window and --prefix are for --create");
    await checkStream(connection, stream);
    return;
  }
  if (maxBytes === undefined)
    throw usageError("--create needs --max-bytes, such as 50G: a stream without a limit fills the disk");
  await createStream(connection, {
    stream,
    maxBytes: sizeOption("max-bytes", maxBytes),
    maxAge: maxAge === undefined ? undefined : timeOption("max-age", maxAge),
    replicas: numberOption("replicas", replicas),
    duplicateWindow: window === undefined ? undefined : timeOption("window", window),
    prefix,
  });
}

async function relayDataLink(
  from: string,
  connection: JetStreamConnection,
  stream: string,
  options: RelayOptions,
  io: Io,
): Promise<number> {
  const { host, port } = parseAddress(from);
  const source = sourceOf(options, host, port);
  const { match, reject } = options;
  const start = parseFromOption(options.from);
  const connect = await connectOptions(options);
  await using relay = await Relay.open(io, connection, stream, options, {
    source,
    isOrdered: true,
    format: positionFormat,
  });
  const reading = {
    ...connect,
    match,
    reject,
    from: start,
    checkpoint: relay.position,
    maxInFlight: READ_AHEAD,
  };
  await readPackets(from, reading, relay.io, async (packet, subscription) => {
    return await relay.pass({ ...packet, source }, () => subscription.commit(packet));
  });
  return await relay.end();
}

async function relaySeedLink(
  from: string,
  connection: JetStreamConnection,
  stream: string,
  options: RelayOptions,
  io: Io,
): Promise<number> {
  const { host, port } = parseSeedLinkAddress(from);
  const source = sourceOf(options, host, port);
  const start = fromOption(options.from);
  const connect = await seedLinkOptions(options);
  const beginning = start === "latest" ? undefined : 0;
  const setting = { source, isOrdered: false, format: seedLinkFormat, beginning };
  await using relay = await Relay.open(io, connection, stream, options, setting);
  const reading = {
    ...connect,
    streams: options.streams,
    from: start,
    checkpoint: relay.position,
    maxInFlight: READ_AHEAD,
  };
  await readSeedLink(
    from,
    reading,
    relay.io,
    async (packet, subscription) =>
      await relay.pass(sourcePacket(source, packet), () => subscription.commit(packet)),
    (line) => relay.progress.note(line),
  );
  return await relay.end();
}

/** Numbers of SeedLink may be those of a station, so that belongs to what they come from; their time is that of the data. */
function sourcePacket(
  source: string,
  { station, sequence, streamId, dataStart, dataEnd, payload }: SeedLinkPacket,
): SourcePacket {
  return {
    source: `${source}/${station}`,
    packetId: sequence,
    packetTime: dataEnd,
    streamId,
    dataStart,
    dataEnd,
    payload: asBuffer(payload),
  };
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}

function sourceOf({ source }: RelayOptions, host: string, port: number): string {
  const name = source ?? `${host.includes(":") ? `[${host}]` : host}:${port}`;
  checkSource(name);
  return name;
}

interface Setting<Position> {
  readonly source: string;
  /** Whether packets of the source always come in the same order. */
  readonly isOrdered: boolean;
  readonly format: PositionFormat<Position>;
  /** Where to look for what is stored already, where no position tells. */
  readonly beginning?: number | undefined;
}

/** What both have in common: the writer, the position, and what is told. */
class Relay<Position> implements AsyncDisposable {
  /** For the reader: it is told to stop where something failed. */
  readonly io: Io;
  readonly position: RelayPosition<Position> | undefined;
  readonly progress: RelayProgress;
  readonly #writer: JetStreamWriter;
  readonly #passing: Passing;
  readonly #state: string | undefined;

  static async open<Position>(
    io: Io,
    connection: JetStreamConnection,
    stream: string,
    { state, verbose }: RelayOptions,
    { source, isOrdered, format, beginning }: Setting<Position>,
  ): Promise<Relay<Position>> {
    const told = (error: Error) => io.stderr.write(`${state}: the position was not kept: ${error.message}\n`);
    const position = state === undefined ? undefined : new RelayPosition(state, format, told);
    const sequence = (await position?.sequence()) ?? beginning;
    const lookUp = { source, isOrdered, sequence: sequence === undefined ? undefined : sequence + 1 };
    return new Relay(io, state, position, new RelayProgress(io, verbose === true), (progress) => {
      const onEvent = (event: JetStreamWriterEvent) => {
        if (TOLD.has(event.type) || (event.type === "scanned" && event.dropped > 0))
          progress.note(jetStreamEventText(event));
      };
      return new JetStreamWriter(connection, { stream, maxInFlight: WINDOW, lookUp, onEvent });
    });
  }

  private constructor(
    io: Io,
    state: string | undefined,
    position: RelayPosition<Position> | undefined,
    progress: RelayProgress,
    open: (progress: RelayProgress) => JetStreamWriter,
  ) {
    this.position = position;
    this.progress = progress;
    this.#state = state;
    this.#writer = open(progress);
    this.#passing = new Passing(io, this.#writer, progress);
    this.io = { ...io, signal: this.#passing.signal };
  }

  /** Gives a packet to the stream, when there is room; `commit` is called once it is there. Whether more is wanted. */
  async pass(packet: SourcePacket, commit: () => void): Promise<boolean> {
    if (!(await this.#passing.room())) return false;
    this.#passing.add(this.#store(packet, commit));
    return true;
  }

  async #store(packet: SourcePacket, commit: () => void): Promise<void> {
    const given = this.position?.given(this.#writer.mark);
    const { sequence } = await this.#writer.publish(packet);
    if (given) this.position?.stored(given, this.#writer.mark);
    this.progress.passed(packet, packet.packetId, packet.packetTime, BigInt(sequence));
    commit();
  }

  /** What is not acknowledged soon comes again the next time. */
  async end(): Promise<number> {
    try {
      return await this.#passing.end(whatIsLeft(this.#state));
    } finally {
      await this.position?.flush();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close({ timeout: 0 });
    this.progress[Symbol.dispose]();
  }
}

/**
 * A session of DataLink: commands go in, frames come out. What is answered, and what ends streaming or the connection,
 * follows ringserver 4.5.3 as observed, with its words.
 */
import { DataLinkError } from "../datalink/protocol/errors.ts";
import { encodeFrame, FrameReader } from "../datalink/protocol/frame.ts";
import { MAX_PACKET_ID } from "../datalink/protocol/packet.ts";
import { encodeError, encodeOk } from "../datalink/protocol/replies.ts";
import {
  type AuthCommand,
  type Command,
  commandParser,
  type FilterCommand,
  type InfoCommand,
  MAX_CREDENTIALS,
  type MalformedCommand,
  maxPatternBytes,
  type PositionSetCommand,
  type WriteCommand,
} from "../datalink/protocol/server-requests.ts";
import { translateLegacyStreamId } from "../stream-id.ts";
import type { Permissions } from "./access/access.ts";
import { compilePattern, PatternError, type StreamPattern } from "./access/pattern.ts";
import type { ServerContext } from "./context.ts";
import { type StreamFigures, selectClients, selectStreams, streamFigures } from "./figures.ts";
import { clientsXml, statusXml, streamsXml } from "./info-xml.ts";
import { type Gathered, gather } from "./ring/gather.ts";
import type { RingStream } from "./ring/ring.ts";
import { Selection } from "./ring/selection.ts";
import { filterOf, type Room, type Send, Session, type SessionPeer, type Steps } from "./session.ts";

/** Commands without a meaning, one behind the other, after which a client is sent away. */
const MAX_UNKNOWN = 20;

/** Characters of INFO's XML that are made into bytes at once. */
const INFO_PART = 64 * 1024;

/** Packets looked at in one step of POSITION AFTER. */
const SCAN_STEP = 256;

export class DataLinkSession extends Session {
  readonly protocol = "DataLink";
  readonly #selection = new Selection();
  /** Which streams may be written. */
  readonly #writable = new Selection();
  readonly #reader: FrameReader<Command>;
  #isIdentified = false;
  #unknown = 0;

  constructor(context: ServerContext, peer: SessionPeer, permissions: Permissions, send: Send) {
    super(context, peer, permissions, send);
    const { packetSize } = context.ring;
    this.#reader = new FrameReader(
      commandParser(packetSize),
      Math.max(packetSize, maxPatternBytes(packetSize), MAX_CREDENTIALS),
    );
    this.permitted(permissions);
  }

  get match(): string | undefined {
    return this.#selection.match?.text;
  }

  get reject(): string | undefined {
    return this.#selection.reject?.text;
  }

  get buffered(): number {
    return this.#reader.buffered;
  }

  push(bytes: Buffer): void {
    this.#reader.push(bytes);
  }

  handleNext(isGone: boolean): Steps | Promise<void> | undefined | "idle" {
    const command = this.#reader.next();
    if (command === undefined) return "idle";
    return isGone && !OF_LASTING_EFFECT.has(command.kind) ? undefined : this.#handle(command);
  }

  protected permitted(permissions: Permissions): void {
    this.#selection.permitted = filterOf(permissions.read);
    this.#writable.permitted = filterOf(permissions.write);
  }

  protected gather(from: number, room: Room): Gathered {
    const { ring } = this.context;
    return gather(ring, { selection: this.#selection, from, end: ring.readEnd, ...room });
  }

  /** The flags that ID and INFO announce. */
  get capabilities(): string {
    const write = this.permissions.write ? " WRITE" : "";
    return `DLPROTO:1.1 PACKETSIZE:${this.context.ring.packetSize}${write}`;
  }

  #handle(command: Command): Steps | Promise<void> | undefined {
    if (command.kind !== "UNKNOWN") this.#unknown = 0;
    switch (command.kind) {
      case "WRITE":
        return this.#write(command);
      case "READ":
        return this.#read(command.packetId);
      case "ID":
        return this.#identify(command.clientId);
      case "POSITION SET":
        return this.#positionSet(command);
      case "POSITION AFTER":
        this.streaming = false;
        return this.#positionAfter(command.time);
      case "MATCH":
      case "REJECT":
        return this.#filter(command);
      case "STREAM":
        return this.#stream();
      case "ENDSTREAM":
        this.streaming = false;
        this.send(encodeFrame("ENDSTREAM"));
        return undefined;
      case "INFO":
        return this.#info(command);
      case "AUTH":
        return this.#authenticate(command);
      case "BYE":
        this.ended = true;
        return undefined;
      case "MALFORMED":
        return this.#malformed(command);
      case "UNKNOWN":
        return this.#unrecognized();
      case "EMPTY":
        return undefined;
    }
  }

  #ok(value: bigint, message: string): undefined {
    this.send(encodeOk(value, message));
  }

  /** An error after which the connection stays open, but streaming ends. */
  #fail(message: string): undefined {
    this.streaming = false;
    this.send(encodeError(message));
  }

  /** An error after which the connection is closed. */
  protected refuse(message: string): undefined {
    this.#fail(message);
    this.end(message);
  }

  #identify(clientId: string): undefined {
    // Clients repeat their ID to see whether the server is still there.
    const isNews = !this.#isIdentified || clientId !== this.clientId;
    this.#isIdentified = true;
    const auth = this.context.access.hasLogins ? " AUTH" : "";
    this.send(encodeFrame(`ID ${this.context.version} :: ${this.capabilities}${auth}`));
    if (isNews) this.identify(clientId);
  }

  #stream(): undefined {
    if (this.permissions.read === false) return this.refuse(NO_READ);
    this.next ??= this.context.ring.end;
    this.streaming = true;
  }

  #authenticate({ type, payload }: AuthCommand): Promise<void> | undefined {
    const credentials = payload.toString("utf8");
    if (type !== "USERPASS" && type !== "JWT") return this.#fail("Unsupported AUTH type");
    if (type === "USERPASS" && !credentials.includes("\r")) {
      return this.#fail("AUTH USERPASS requires payload of USER\\rPASS");
    }
    if (!this.context.access.hasLogins) return this.#fail("Error performing authentication");
    this.streaming = false;
    return this.#logIn(type, credentials);
  }

  async #logIn(type: "USERPASS" | "JWT", credentials: string): Promise<void> {
    const end = credentials.indexOf("\r");
    const refusal = await this.logIn(
      type === "JWT"
        ? { token: credentials }
        : { user: credentials.slice(0, end), password: credentials.slice(end + 1) },
    );
    if (refusal === undefined) this.#ok(0n, "Authentication successful");
    else if (refusal.isLast) this.refuse(refusal.message);
    else this.#fail(refusal.message);
  }

  #malformed({ command, message }: MalformedCommand): undefined {
    if (command === "WRITE" && !this.permissions.write) return this.refuse(NO_WRITE);
    return command === "WRITE" || command === "INFO" ? this.refuse(message) : this.#fail(message);
  }

  #unrecognized(): undefined {
    this.#fail("Unrecognized command");
    this.#unknown++;
    if (this.#unknown < MAX_UNKNOWN) return;
    this.end(`${MAX_UNKNOWN} unknown commands in a row`);
  }

  #write(command: WriteCommand): undefined {
    const { ring } = this.context;
    if (!this.permissions.write) return this.refuse(NO_WRITE);
    const stream = ring.streams.get(command.streamId);
    const streamId = stream ? command.streamId : translateLegacyStreamId(command.streamId);
    if (!(stream ? this.#writable.has(stream) : this.#writable.permits(streamId))) {
      return this.refuse(`Error, permission denied for WRITE of stream ID: ${streamId}`);
    }
    const isNew = !stream && !ring.streams.has(streamId);
    try {
      const { dataStart, dataEnd, payload, packetId } = command;
      const id = ring.append(streamId, dataStart, dataEnd, payload, packetId);
      this.received.count(1, payload.length);
      this.context.received.count(1, payload.length);
      this.context.scheduler.wake();
      if (command.acknowledge) {
        this.unsafe = ring.end;
        this.#ok(id, "");
      }
    } catch (error) {
      if (error instanceof DataLinkError) return this.refuse(error.message);
      throw error;
    }
    if (isNew) this.context.tell({ type: "stream", client: this.client, streamId });
  }

  /** Like ringserver's, READ does not heed MATCH and REJECT; unlike ringserver's, it does heed permissions. */
  #read(packetId: bigint): undefined {
    const { ring } = this.context;
    this.streaming = false;
    if (packetId > MAX_PACKET_ID) return this.#fail("Error reading packet from ring");
    const sequence = ring.sequenceOf(packetId);
    if (sequence === undefined || !this.#selection.permits(ring.streamAt(sequence).streamId)) {
      return this.#fail(`Packet ${packetId} not found in ring`);
    }
    const frame = ring.frameAt(sequence);
    this.send(frame);
    this.next = sequence + 1;
    this.countSent(1, frame.length, sequence);
  }

  #positionSet({ at, packetTime }: PositionSetCommand): undefined {
    const { ring } = this.context;
    this.streaming = false;
    if (typeof at === "bigint") return this.#positionTo(at, packetTime);
    if (ring.packets === 0) {
      this.next = ring.end;
      return this.#ok(0n, `Positioned to ${at} packet`);
    }
    return this.#positionAt(at === "EARLIEST" ? ring.first : ring.end - 1);
  }

  #positionTo(packetId: bigint, packetTime: number | undefined): undefined {
    const { ring } = this.context;
    if (packetId > MAX_PACKET_ID) return this.#fail("Error positioning reader");
    const sequence = ring.sequenceOf(packetId);
    if (sequence === undefined) return this.#fail(NOT_FOUND);
    if (packetTime !== undefined && !sameSecond(packetTime, ring.packetAt(sequence).packetTime)) {
      return this.#fail(NOT_FOUND);
    }
    return this.#positionAt(sequence);
  }

  /** The position is the packet *already seen*: the one behind it is the next. */
  #positionAt(sequence: number): undefined {
    this.next = sequence + 1;
    const id = this.context.ring.idAt(sequence);
    return this.#ok(id, `Positioned to packet ID ${id}`);
  }

  /** The first selected packet whose data ends after the time, in order of arrival; the latest if there is none. */
  *#positionAfter(time: number): Steps {
    const { ring } = this.context;
    if (ring.packets === 0) return this.#fail(NOT_FOUND);
    for (let sequence = ring.first; sequence < ring.end; sequence++) {
      if (sequence % SCAN_STEP === 0) yield;
      // Others may have written in between, and the ring moved on.
      if (sequence < ring.first) sequence = ring.first;
      if (ring.dataEndAt(sequence) > time && this.#selection.has(ring.streamAt(sequence))) {
        return this.#positionAt(sequence);
      }
    }
    return this.#positionAt(ring.end - 1);
  }

  /** A pattern that cannot be used leaves none: as with ringserver, the previous one is gone. */
  *#filter(command: FilterCommand): Steps {
    this.streaming = false;
    const which = command.kind === "MATCH" ? "match" : "reject";
    this.#selection[which] = undefined;
    if (!command.clear) {
      const pattern = yield* compileOrReason(command.payload.toString("latin1"));
      if (typeof pattern === "string") return this.#fail(`Error with ${which} expression${pattern}`);
      this.#selection[which] = pattern;
    }
    const selected = yield* selectStreams(this.context.ring, (stream) => this.#selection.has(stream));
    this.#selection.release();
    this.selectedStreams = selected.length;
    this.#ok(BigInt(selected.length), `${selected.length} streams selected after ${which}`);
  }

  *#info({ type, inlinePattern, payload }: InfoCommand): Steps {
    const text = inlinePattern ?? payload.toString("latin1");
    const pattern = text === "" ? undefined : yield* compileOrReason(text);
    if (typeof pattern === "string") return this.refuse(`Error generating INFO response${pattern}`);
    const { trusted } = this.permissions;
    if (type === "CONNECTIONS" && !trusted) return this.refuse("Access to CONNECTIONS denied");
    const status = this.context.status();
    switch (type) {
      case "STATUS":
        return yield* this.#sendInfo(type, statusXml(status, this.capabilities, trusted));
      case "STREAMS": {
        const selected = yield* this.#streamsToTell(pattern);
        return yield* this.#sendInfo(
          type,
          streamsXml(status, this.capabilities, selected.length, this.#rowsOf(selected)),
        );
      }
      case "CONNECTIONS": {
        const selected = yield* selectClients(this.context.clients(), pattern);
        return yield* this.#sendInfo(type, clientsXml(status, this.capabilities, selected));
      }
    }
  }

  *#sendInfo(type: InfoCommand["type"], xml: Generator<string>): Steps {
    const parts: Buffer[] = [];
    let text = "";
    for (const piece of xml) {
      text += piece;
      if (text.length > INFO_PART) {
        parts.push(Buffer.from(text));
        text = "";
      }
      yield;
    }
    parts.push(Buffer.from(text));
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    this.send(encodeFrame(`INFO ${type} ${size}`), ...parts);
  }

  /** A pattern given with INFO takes the place of MATCH and REJECT, not that of permissions. */
  *#streamsToTell(pattern: StreamPattern | undefined): Generator<undefined, RingStream[]> {
    const has = pattern
      ? ({ streamId }: RingStream) => this.#selection.permits(streamId) && pattern.test(streamId)
      : (stream: RingStream) => this.#selection.has(stream);
    const selected = yield* selectStreams(this.context.ring, has);
    this.#selection.release();
    return selected;
  }

  /** One row at a time, of the streams that are still in the ring. */
  *#rowsOf(streams: RingStream[]): Generator<StreamFigures> {
    for (const stream of streams) {
      const row = streamFigures(this.context.ring, stream);
      if (row) yield row;
    }
  }
}

/** A pattern, or in words why there is none, to be put behind the message that says so. */
function* compileOrReason(text: string): Generator<undefined, StreamPattern | string> {
  try {
    return yield* compilePattern(text);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return error.message && `: ${error.message}`;
  }
}

const NO_WRITE = "Write permission not granted, no soup for you!";
const NO_READ = "Authentication required for streaming, no soup for you!";
const NOT_FOUND = "Packet not found";

/** What is handled of a client that is gone: what it wrote, and what decides whether it might. */
const OF_LASTING_EFFECT = new Set<Command["kind"]>(["WRITE", "AUTH", "ID", "BYE", "MALFORMED", "UNKNOWN"]);

/** ringserver compares the time of a resumed position by whole seconds. */
function sameSecond(a: number, b: number): boolean {
  return Math.trunc(a / 1e6) === Math.trunc(b / 1e6);
}

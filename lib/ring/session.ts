/**
 * A session: one client's side of the protocol. A command goes in, frames come out; no sockets. What is answered, and
 * what ends streaming or the connection, follows ringserver 4.5.3 as observed, with its words.
 */
import { DataLinkError } from "../datalink/errors.ts";
import { encodeFrame } from "../datalink/frame.ts";
import { MAX_PACKET_ID } from "../datalink/packet.ts";
import { encodeError, encodeInfo, encodeOk, packetHeader } from "../datalink/replies.ts";
import { translateLegacyStreamId } from "../datalink/stream-id.ts";
import type {
  Command,
  FilterCommand,
  InfoCommand,
  MalformedCommand,
  PositionSetCommand,
  WriteCommand,
} from "./commands.ts";
import {
  type ConnectionFigures,
  connectionsXml,
  type ServerFigures,
  statusXml,
  streamsXml,
} from "./info-xml.ts";
import { compilePattern, type Pattern } from "./pattern.ts";
import type { Ring, RingStream } from "./ring.ts";
import { Selection } from "./selection.ts";
import { Traffic } from "./traffic.ts";

/** What a client may do. */
export interface Permissions {
  /** Which streams may be written, if any. */
  write: ((streamId: string) => boolean) | false;
  /** Which streams may be read; `undefined` for all. */
  read: ((streamId: string) => boolean) | undefined;
  /** May see the other connections. */
  trusted: boolean;
}

/** What a session needs of the server it belongs to. */
export interface SessionHost {
  readonly ring: Ring;
  /** `DataLink v1.1 (<program>/<version>) :: DLPROTO:1.1`. */
  readonly versionText: string;
  /** Of all sessions together. */
  readonly sent: Traffic;
  readonly received: Traffic;
  figures(): ServerFigures;
  /** Of all connections, newest first. */
  connections(): ConnectionFigures[];
  /** Tells what the session's client has done. */
  identified(clientId: string): void;
  /** A packet was written. */
  written(): void;
  /** It was the first one of a stream that the ring did not hold. */
  streamStarted(streamId: string): void;
  refused(reason: string): void;
  lapped(missed: number): void;
}

/** An answer that takes long: it is worked out step by step, and others may have their turn in between. */
export type Steps = Generator<undefined, void>;

/** Commands without a meaning, one behind the other, after which a client is sent away. */
const MAX_UNKNOWN = 20;

/** Packets looked at in one step of POSITION AFTER. */
const SCAN_STEP = 256;

export class Session {
  clientId = "";
  readonly selection = new Selection();
  readonly sent = new Traffic();
  readonly received = new Traffic();
  /** Whether packets are to be sent as they come. */
  streaming = false;
  /** The connection is to be closed once everything has been sent. */
  ended = false;
  /** Sequence of the next packet to look at; `undefined` until the client has taken a position. */
  next: number | undefined;
  /** Sequence of the packet sent last. */
  lastSent: number | undefined;
  /** Streams selected when the client last changed its selection. */
  selectedStreams = 0;
  readonly #host: SessionHost;
  readonly #send: (frame: Buffer) => void;
  #permissions: Permissions;
  #unknown = 0;

  /** @param send takes one whole frame for the client. */
  constructor(host: SessionHost, permissions: Permissions, send: (frame: Buffer) => void) {
    this.#host = host;
    this.#send = send;
    this.#permissions = permissions;
    this.selection.permitted = permissions.read;
  }

  /** The flags that ID and INFO announce. */
  get capabilities(): string {
    const write = this.#permissions.write ? " WRITE" : "";
    return `DLPROTO:1.1 PACKETSIZE:${this.#host.ring.packetSize}${write}`;
  }

  /** Answers a command; where it returns steps, they are to be taken before the next command is handled. */
  handle(command: Command): Steps | undefined {
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
        this.next ??= this.#host.ring.end;
        this.streaming = true;
        return undefined;
      case "ENDSTREAM":
        this.streaming = false;
        this.#send(encodeFrame("ENDSTREAM"));
        return undefined;
      case "INFO":
        return this.#info(command);
      case "AUTH":
        return this.#fail("Error performing authentication");
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

  /** Where to go on sending, past what the ring has lost meanwhile; tells the server if that is something. */
  catchUp(): number {
    const { first, end } = this.#host.ring;
    const next = this.next ?? end;
    if (next >= first) return next;
    this.#host.lapped(first - next);
    this.next = first;
    return first;
  }

  /** Notes packets that were sent, with the sequence of the last one. */
  countSent(packets: number, bytes: number, last: number): void {
    this.sent.count(packets, bytes);
    this.#host.sent.count(packets, bytes);
    this.lastSent = last;
  }

  #ok(value: bigint, message: string): undefined {
    this.#send(encodeOk(value, message));
  }

  /** An error after which the connection stays open, but streaming ends. */
  #fail(message: string): undefined {
    this.streaming = false;
    this.#send(encodeError(message));
  }

  /** An error after which the connection is closed. */
  #refuse(message: string): undefined {
    this.#fail(message);
    this.ended = true;
    this.#host.refused(message);
  }

  #identify(clientId: string): undefined {
    this.clientId = clientId;
    this.#send(encodeFrame(`ID ${this.#host.versionText.replace(/ ::.*/, "")} :: ${this.capabilities}`));
    this.#host.identified(clientId);
  }

  #malformed({ command, message }: MalformedCommand): undefined {
    if (command === "WRITE" && !this.#permissions.write) return this.#refuse(NO_WRITE);
    return command === "WRITE" || command === "INFO" ? this.#refuse(message) : this.#fail(message);
  }

  #unrecognized(): undefined {
    this.#fail("Unrecognized command");
    this.#unknown++;
    if (this.#unknown < MAX_UNKNOWN) return;
    this.ended = true;
    this.#host.refused(`${MAX_UNKNOWN} unknown commands in a row`);
  }

  #write(command: WriteCommand): undefined {
    const { ring } = this.#host;
    const { write } = this.#permissions;
    if (!write) return this.#refuse(NO_WRITE);
    const known = ring.streams.has(command.streamId);
    const streamId = known ? command.streamId : translateLegacyStreamId(command.streamId);
    if (!write(streamId)) {
      return this.#refuse(`Error, permission denied for WRITE of stream ID: ${streamId}`);
    }
    const isNew = !known && !ring.streams.has(streamId);
    try {
      const { dataStart, dataEnd, payload, packetId } = command;
      const id = ring.append(streamId, dataStart, dataEnd, payload, packetId);
      this.received.count(1, payload.length);
      this.#host.received.count(1, payload.length);
      this.#host.written();
      if (command.acknowledge) this.#ok(id, "");
    } catch (error) {
      if (error instanceof DataLinkError) return this.#refuse(error.message);
      throw error;
    }
    if (isNew) this.#host.streamStarted(streamId);
  }

  /** Like ringserver's, READ does not heed MATCH and REJECT; unlike ringserver's, it does heed permissions. */
  #read(packetId: bigint): undefined {
    const { ring } = this.#host;
    this.streaming = false;
    if (packetId > MAX_PACKET_ID) return this.#fail("Error reading packet from ring");
    const sequence = ring.sequenceOf(packetId);
    if (sequence === undefined || !this.selection.permits(ring.streamAt(sequence).streamId)) {
      return this.#fail(`Packet ${packetId} not found in ring`);
    }
    const packet = ring.packetAt(sequence);
    this.#send(encodeFrame(packetHeader(packet, packet.payload.length), packet.payload));
    this.next = sequence + 1;
    this.countSent(1, packet.payload.length, sequence);
  }

  #positionSet({ at, packetTime }: PositionSetCommand): undefined {
    const { ring } = this.#host;
    this.streaming = false;
    if (typeof at === "bigint") return this.#positionTo(at, packetTime);
    if (ring.packets === 0) {
      this.next = ring.end;
      return this.#ok(0n, `Positioned to ${at} packet`);
    }
    return this.#positionAt(at === "EARLIEST" ? ring.first : ring.end - 1);
  }

  #positionTo(packetId: bigint, packetTime: number | undefined): undefined {
    const { ring } = this.#host;
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
    const id = this.#host.ring.idAt(sequence);
    return this.#ok(id, `Positioned to packet ID ${id}`);
  }

  /** The first selected packet whose data ends after the time, in order of arrival; the latest if there is none. */
  *#positionAfter(time: number): Steps {
    const { ring } = this.#host;
    if (ring.packets === 0) return this.#fail(NOT_FOUND);
    for (let sequence = ring.first; sequence < ring.end; sequence++) {
      if (sequence % SCAN_STEP === 0) yield;
      // Others may have written in between, and the ring moved on.
      if (sequence < ring.first) sequence = ring.first;
      if (ring.dataEndAt(sequence) > time && this.selection.has(ring.streamAt(sequence))) {
        return this.#positionAt(sequence);
      }
    }
    return this.#positionAt(ring.end - 1);
  }

  /** A pattern that cannot be used leaves none: as with ringserver, the previous one is gone. */
  #filter(command: FilterCommand): Steps | undefined {
    this.streaming = false;
    const which = command.kind === "MATCH" ? "match" : "reject";
    const pattern = command.clear ? undefined : compilePattern(command.payload.toString("utf8"));
    this.selection[which] = pattern;
    if (pattern === undefined && !command.clear) return this.#fail(`Error with ${which} expression`);
    return this.#countSelected(which);
  }

  *#countSelected(which: string): Steps {
    const selected: RingStream[] = [];
    yield* this.#select((stream) => this.selection.has(stream), selected);
    this.selectedStreams = selected.length;
    this.#ok(BigInt(selected.length), `${selected.length} streams selected after ${which}`);
  }

  *#select(has: (stream: RingStream) => boolean, selected: RingStream[]): Steps {
    for (const stream of [...this.#host.ring.streams.values()]) {
      if (has(stream)) selected.push(stream);
      yield;
    }
  }

  #info(command: InfoCommand): Steps | undefined {
    const text = command.inlinePattern ?? command.payload.toString("utf8");
    const pattern = text === "" ? undefined : compilePattern(text);
    if (pattern === undefined && text !== "") return this.#refuse("Error generating INFO response");
    if (command.type === "CONNECTIONS" && !this.#permissions.trusted) {
      return this.#refuse("Access to CONNECTIONS denied");
    }
    return this.#answerInfo(command.type, pattern);
  }

  *#answerInfo(type: InfoCommand["type"], pattern: Pattern | undefined): Steps {
    const pieces: string[] = [];
    for (const piece of yield* this.#infoXml(type, pattern)) {
      pieces.push(piece);
      yield;
    }
    this.#send(encodeInfo(type, pieces.join("")));
  }

  *#infoXml(
    type: InfoCommand["type"],
    pattern: Pattern | undefined,
  ): Generator<undefined, Generator<string>> {
    const { ring } = this.#host;
    const figures = this.#host.figures();
    switch (type) {
      case "STATUS":
        return statusXml(ring, figures, this.capabilities, this.#permissions.trusted);
      case "STREAMS": {
        const selected: RingStream[] = [];
        const has = (stream: RingStream) =>
          pattern
            ? this.selection.permits(stream.streamId) && pattern.test(stream.streamId)
            : this.selection.has(stream);
        yield* this.#select(has, selected);
        selected.sort((a, b) => (a.streamId < b.streamId ? -1 : 1));
        return streamsXml(ring, figures, this.capabilities, selected);
      }
      case "CONNECTIONS": {
        const selected: ConnectionFigures[] = [];
        for (const connection of this.#host.connections()) {
          if (!pattern || pattern.test(connection.address) || pattern.test(connection.clientId)) {
            selected.push(connection);
          }
          yield;
        }
        return connectionsXml(ring, figures, this.capabilities, selected);
      }
    }
  }
}

const NO_WRITE = "Write permission not granted, no soup for you!";
const NOT_FOUND = "Packet not found";

/** ringserver compares the time of a resumed position by whole seconds. */
function sameSecond(a: number, b: number): boolean {
  return Math.trunc(a / 1e6) === Math.trunc(b / 1e6);
}

/**
 * A session: one client's side of the protocol. A command goes in, frames come out; no sockets. What is answered, and
 * what ends streaming or the connection, follows ringserver 4.5.3 as observed, with its words.
 */
import { DataLinkError } from "../datalink/protocol/errors.ts";
import { encodeFrame } from "../datalink/protocol/frame.ts";
import { MAX_PACKET_ID } from "../datalink/protocol/packet.ts";
import { encodeError, encodeOk } from "../datalink/protocol/replies.ts";
import type {
  AuthCommand,
  Command,
  FilterCommand,
  InfoCommand,
  MalformedCommand,
  PositionSetCommand,
  WriteCommand,
} from "../datalink/protocol/server-requests.ts";
import { translateLegacyStreamId } from "../stream-id.ts";
import type { Permissions } from "./access/access.ts";
import { compilePattern, PatternError, type StreamPattern } from "./access/pattern.ts";
import type { ServerContext } from "./context.ts";
import type { ServerClient } from "./events.ts";
import { type StreamFigures, selectClients, selectStreams, streamFigures } from "./figures.ts";
import { clientsXml, statusXml, streamsXml } from "./info-xml.ts";
import type { RingStream } from "./ring/ring.ts";
import { Selection } from "./ring/selection.ts";
import { Traffic } from "./traffic.ts";

/** An answer that takes long: it is worked out step by step, and others may have their turn in between. */
export type Steps = Generator<undefined, void>;

/** Commands without a meaning, one behind the other, after which a client is sent away. */
const MAX_UNKNOWN = 20;

/** Logins that fail, one behind the other, after which a client is sent away. */
const MAX_FAILED_LOGINS = 5;

/** Characters of INFO's XML that are made into bytes at once. */
const INFO_PART = 64 * 1024;

/** Packets looked at in one step of POSITION AFTER. */
const SCAN_STEP = 256;

export class ClientSession {
  clientId = "";
  #isIdentified = false;
  readonly selection = new Selection();
  readonly sent = new Traffic();
  readonly received = new Traffic();
  /** Whether packets are to be sent as they come. */
  streaming = false;
  /** The connection is to be closed once everything has been sent. */
  ended = false;
  /** Why, where the client has not asked for it. */
  endReason: string | undefined;
  /** Sequence of the next packet to look at; `undefined` until the client has taken a position. */
  next: number | undefined;
  /** The sequence behind the last packet that was acknowledged. */
  unsafe = 0;
  /** Sequence of the packet sent last. */
  lastSent: number | undefined;
  /** Streams selected when the client last changed its selection. */
  selectedStreams = 0;
  readonly #context: ServerContext;
  readonly #peer: { address: string; port: number };
  readonly #send: (...parts: Buffer[]) => void;
  readonly #permissionsOfAddress: Permissions;
  #permissions: Permissions;
  /** Which streams may be written. */
  readonly #writable = new Selection();
  #unknown = 0;
  #failedLogins = 0;

  /** @param send takes one whole frame for the client, in one or more parts. */
  constructor(
    context: ServerContext,
    peer: { address: string; port: number },
    permissions: Permissions,
    send: (...parts: Buffer[]) => void,
  ) {
    this.#context = context;
    this.#peer = peer;
    this.#send = send;
    this.#permissionsOfAddress = permissions;
    this.#permissions = permissions;
    this.#permit(permissions);
  }

  #permit(permissions: Permissions): void {
    this.#permissions = permissions;
    this.selection.permitted = filterOf(permissions.read);
    this.#writable.permitted = filterOf(permissions.write);
  }

  /** Who the client is, for events. */
  get client(): ServerClient {
    return { address: this.#peer.address, port: this.#peer.port, clientId: this.clientId };
  }

  /** Tells that the client was refused something for which the session ends. */
  end(reason: string): void {
    this.ended = true;
    this.endReason = reason;
    this.#context.tell({ type: "refused", client: this.client, reason });
  }

  /** The flags that ID and INFO announce. */
  get capabilities(): string {
    const write = this.#permissions.write ? " WRITE" : "";
    return `DLPROTO:1.1 PACKETSIZE:${this.#context.ring.packetSize}${write}`;
  }

  /**
   * Answers a command. Where it returns steps, they are to be taken before the next command is handled; where it returns a
   * promise, that one waits until it is settled.
   */
  handle(command: Command): Steps | Promise<void> | undefined {
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
        this.#send(encodeFrame("ENDSTREAM"));
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

  /** Where to go on sending, past what the ring has lost meanwhile; tells the server if that is something. */
  catchUp(): number {
    const { first, end } = this.#context.ring;
    const next = this.next ?? end;
    if (next >= first) return next;
    this.#context.tell({ type: "lapped", client: this.client, missed: first - next });
    this.next = first;
    return first;
  }

  /** Ends the session where its login has expired by now, a time in seconds since 1970; returns whether it has. */
  expire(now: number): boolean {
    const { expires } = this.#permissions;
    if (this.ended || expires === undefined || now < expires) return false;
    this.#refuse("Authentication has expired, log in again");
    return true;
  }

  /** Notes packets that were sent, with the sequence of the last one. */
  countSent(packets: number, bytes: number, last: number): void {
    this.sent.count(packets, bytes);
    this.#context.sent.count(packets, bytes);
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
    this.end(message);
  }

  #identify(clientId: string): undefined {
    // Clients repeat their ID to see whether the server is still there.
    const isNews = !this.#isIdentified || clientId !== this.clientId;
    this.#isIdentified = true;
    this.clientId = clientId;
    const auth = this.#context.access.hasLogins ? " AUTH" : "";
    this.#send(encodeFrame(`ID ${this.#context.version} :: ${this.capabilities}${auth}`));
    if (isNews) this.#context.tell({ type: "identified", client: this.client });
  }

  #stream(): undefined {
    if (this.#permissions.read === false) return this.#refuse(NO_READ);
    this.next ??= this.#context.ring.end;
    this.streaming = true;
  }

  #authenticate({ type, payload }: AuthCommand): Promise<void> | undefined {
    const credentials = payload.toString("utf8");
    if (type !== "USERPASS" && type !== "JWT") return this.#fail("Unsupported AUTH type");
    if (type === "USERPASS" && !credentials.includes("\r")) {
      return this.#fail("AUTH USERPASS requires payload of USER\\rPASS");
    }
    if (!this.#context.access.hasLogins) return this.#fail("Error performing authentication");
    this.streaming = false;
    return this.#logIn(type, credentials);
  }

  async #logIn(type: "USERPASS" | "JWT", credentials: string): Promise<void> {
    const { access, logins } = this.#context;
    const { address } = this.#peer;
    if (!(await logins.admit(address))) return this.#fail(TOO_MANY_LOGINS);
    const end = credentials.indexOf("\r");
    const permissions =
      type === "JWT"
        ? await access.ofToken(credentials)
        : access.ofUser(credentials.slice(0, end), credentials.slice(end + 1));
    if (!permissions) return this.#rejectLogin();
    logins.succeeded(address);
    this.#failedLogins = 0;
    this.#permit(permissions);
    this.#ok(0n, "Authentication successful");
  }

  /** As with ringserver, who fails to log in loses what the address permits; not reading, which needs no login. */
  #rejectLogin(): undefined {
    this.#permit({ read: this.#permissionsOfAddress.read, write: false, trusted: false });
    this.#failedLogins++;
    if (this.#failedLogins < MAX_FAILED_LOGINS) return this.#fail(NOT_ALLOWED);
    return this.#refuse(NOT_ALLOWED);
  }

  #malformed({ command, message }: MalformedCommand): undefined {
    if (command === "WRITE" && !this.#permissions.write) return this.#refuse(NO_WRITE);
    return command === "WRITE" || command === "INFO" ? this.#refuse(message) : this.#fail(message);
  }

  #unrecognized(): undefined {
    this.#fail("Unrecognized command");
    this.#unknown++;
    if (this.#unknown < MAX_UNKNOWN) return;
    this.end(`${MAX_UNKNOWN} unknown commands in a row`);
  }

  #write(command: WriteCommand): undefined {
    const { ring } = this.#context;
    if (!this.#permissions.write) return this.#refuse(NO_WRITE);
    const stream = ring.streams.get(command.streamId);
    const streamId = stream ? command.streamId : translateLegacyStreamId(command.streamId);
    if (!(stream ? this.#writable.has(stream) : this.#writable.permits(streamId))) {
      return this.#refuse(`Error, permission denied for WRITE of stream ID: ${streamId}`);
    }
    const isNew = !stream && !ring.streams.has(streamId);
    try {
      const { dataStart, dataEnd, payload, packetId } = command;
      const id = ring.append(streamId, dataStart, dataEnd, payload, packetId);
      this.received.count(1, payload.length);
      this.#context.received.count(1, payload.length);
      this.#context.scheduler.wake();
      if (command.acknowledge) {
        this.unsafe = ring.end;
        this.#ok(id, "");
      }
    } catch (error) {
      if (error instanceof DataLinkError) return this.#refuse(error.message);
      throw error;
    }
    if (isNew) this.#context.tell({ type: "stream", client: this.client, streamId });
  }

  /** Like ringserver's, READ does not heed MATCH and REJECT; unlike ringserver's, it does heed permissions. */
  #read(packetId: bigint): undefined {
    const { ring } = this.#context;
    this.streaming = false;
    if (packetId > MAX_PACKET_ID) return this.#fail("Error reading packet from ring");
    const sequence = ring.sequenceOf(packetId);
    if (sequence === undefined || !this.selection.permits(ring.streamAt(sequence).streamId)) {
      return this.#fail(`Packet ${packetId} not found in ring`);
    }
    const frame = ring.frameAt(sequence);
    this.#send(frame);
    this.next = sequence + 1;
    this.countSent(1, frame.length, sequence);
  }

  #positionSet({ at, packetTime }: PositionSetCommand): undefined {
    const { ring } = this.#context;
    this.streaming = false;
    if (typeof at === "bigint") return this.#positionTo(at, packetTime);
    if (ring.packets === 0) {
      this.next = ring.end;
      return this.#ok(0n, `Positioned to ${at} packet`);
    }
    return this.#positionAt(at === "EARLIEST" ? ring.first : ring.end - 1);
  }

  #positionTo(packetId: bigint, packetTime: number | undefined): undefined {
    const { ring } = this.#context;
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
    const id = this.#context.ring.idAt(sequence);
    return this.#ok(id, `Positioned to packet ID ${id}`);
  }

  /** The first selected packet whose data ends after the time, in order of arrival; the latest if there is none. */
  *#positionAfter(time: number): Steps {
    const { ring } = this.#context;
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
  *#filter(command: FilterCommand): Steps {
    this.streaming = false;
    const which = command.kind === "MATCH" ? "match" : "reject";
    this.selection[which] = undefined;
    if (!command.clear) {
      const pattern = yield* compileOrReason(command.payload.toString("latin1"));
      if (typeof pattern === "string") return this.#fail(`Error with ${which} expression${pattern}`);
      this.selection[which] = pattern;
    }
    const selected = yield* selectStreams(this.#context.ring, (stream) => this.selection.has(stream));
    this.selection.release();
    this.selectedStreams = selected.length;
    this.#ok(BigInt(selected.length), `${selected.length} streams selected after ${which}`);
  }

  *#info({ type, inlinePattern, payload }: InfoCommand): Steps {
    const text = inlinePattern ?? payload.toString("latin1");
    const pattern = text === "" ? undefined : yield* compileOrReason(text);
    if (typeof pattern === "string") return this.#refuse(`Error generating INFO response${pattern}`);
    const { trusted } = this.#permissions;
    if (type === "CONNECTIONS" && !trusted) return this.#refuse("Access to CONNECTIONS denied");
    const status = this.#context.status();
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
        const selected = yield* selectClients(this.#context.clients(), pattern);
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
    this.#send(encodeFrame(`INFO ${type} ${size}`), ...parts);
  }

  /** A pattern given with INFO takes the place of MATCH and REJECT, not that of permissions. */
  *#streamsToTell(pattern: StreamPattern | undefined): Generator<undefined, RingStream[]> {
    const has = pattern
      ? ({ streamId }: RingStream) => this.selection.permits(streamId) && pattern.test(streamId)
      : (stream: RingStream) => this.selection.has(stream);
    const selected = yield* selectStreams(this.#context.ring, has);
    this.selection.release();
    return selected;
  }

  /** One row at a time, of the streams that are still in the ring. */
  *#rowsOf(streams: RingStream[]): Generator<StreamFigures> {
    for (const stream of streams) {
      const row = streamFigures(this.#context.ring, stream);
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
const NOT_ALLOWED = "Authentication failed, not allowed to connect";
const TOO_MANY_LOGINS = "Authentication refused, too many logins were tried from this address: wait a minute";
const NOT_FOUND = "Packet not found";

function filterOf(permission: Permissions["read"]): ((streamId: string) => boolean) | undefined {
  if (permission === true) return undefined;
  return permission === false ? () => false : permission;
}

/** ringserver compares the time of a resumed position by whole seconds. */
function sameSecond(a: number, b: number): boolean {
  return Math.trunc(a / 1e6) === Math.trunc(b / 1e6);
}

/**
 * A session of SeedLink, protocols 3 and 4: command lines go in, answers and packets come out. The words are ringserver's;
 * where a reader begins, and what it gets, is in station-requests.ts and gather.ts.
 */
import type { RefusalCode } from "../../seedlink/protocol/replies.ts";
import { encodeInfo3, encodeInfo4, encodeRefusal, OK } from "../../seedlink/protocol/server/answers.ts";
import { LineReader } from "../../seedlink/protocol/server/line-reader.ts";
import { parseRequest, type Request } from "../../seedlink/protocol/server/requests.ts";
import type { Permissions } from "../access/access.ts";
import type { ServerContext } from "../context.ts";
import { selectStreams } from "../figures.ts";
import type { Gathered } from "../ring/gather.ts";
import { filterOf, type Room, type Send, Session, type SessionPeer, type Steps } from "../session.ts";
import { gatherRecords } from "./gather.ts";
import { infoJson, infoXml, JSON_PARTS, type StationRow, stationRows, XML_PARTS } from "./info.ts";
import { StationRequests } from "./station-requests.ts";

/** Commands without a meaning, one behind the other, after which a client is sent away. */
const MAX_UNKNOWN = 20;

/** Characters of INFO that are made into bytes at once. */
const INFO_PART = 64 * 1024;

/** Longest name of a client that is kept. */
const MAX_NAME = 255;

/** Seconds without a packet after which a time window counts as over, where it has ended by the clock. */
const WINDOW_PATIENCE = 60;

const FLAGS = "SLPROTO:4.0 SLPROTO:3.1 CAP EXTREPLY NSWILDCARD BATCH WS:13";

type InfoRequest = Extract<Request, { kind: "INFO" }>;
type Beginning = Extract<Request, { kind: "BEGIN" }>["beginning"];

export class SeedLinkSession extends Session {
  readonly protocol = "SeedLink";
  readonly reject = undefined;
  readonly #reader = new LineReader();
  /** Whether the end of a piece ends a command, too. */
  readonly #hasMessages: boolean;
  readonly #requests = new StationRequests();
  #version: 3 | 4 = 3;
  #isExtended = false;
  #isBatch = false;
  #unknown = 0;
  /** By `performance`: when the last packet was sent, or streaming began. */
  #lastSentAt = 0;
  /** A time window that nothing comes for any more. */
  #isOverdue = false;

  /** @param hasMessages whether the client sends a command in a message of its own, as over WebSocket */
  constructor(
    context: ServerContext,
    peer: SessionPeer,
    permissions: Permissions,
    send: Send,
    hasMessages: boolean,
  ) {
    super(context, peer, permissions, send);
    this.#hasMessages = hasMessages;
    this.permitted(permissions);
  }

  get match(): string | undefined {
    return this.streaming ? this.#requests.describe() : undefined;
  }

  get buffered(): number {
    return this.#reader.buffered;
  }

  push(bytes: Buffer): void {
    this.#reader.push(bytes);
    if (this.#hasMessages) this.#reader.push(LINE_END);
  }

  handleNext(isGone: boolean): Steps | Promise<void> | undefined | "idle" {
    const line = this.#reader.next();
    if (line === undefined) return "idle";
    if (isGone) return undefined;
    const request = parseRequest(line, this.#version);
    if (this.streaming && request.kind !== "INFO" && request.kind !== "BYE") return undefined;
    if (request.kind !== "UNKNOWN") this.#unknown = 0;
    return this.#handle(request);
  }

  override expire(now: number, monotonic: number): boolean {
    if (super.expire(now, monotonic)) return true;
    const isOver = monotonic - this.#lastSentAt > WINDOW_PATIENCE * 1000;
    if (!this.streaming || !isOver || !this.#requests.endsBefore((now - WINDOW_PATIENCE) * 1e6)) return false;
    this.#isOverdue = true;
    return true;
  }

  protected permitted(permissions: Permissions): void {
    this.#requests.permitted = filterOf(permissions.read);
  }

  protected gather(from: number, room: Room): Gathered {
    const { ring, seedLink } = this.context;
    const wish = {
      ...room,
      from,
      protocol: this.#version,
      requests: this.#requests,
      isOverdue: this.#isOverdue,
    };
    const gathered = gatherRecords({ ring, ...seedLink }, wish);
    if (gathered.packets > 0) this.#lastSentAt = performance.now();
    if (gathered.isLast) {
      this.streaming = false;
      this.ended = true;
    }
    return gathered;
  }

  /** Between packets, too, a refusal is read as one. */
  protected refuse(message: string): undefined {
    this.streaming = false;
    this.#fail("AUTH", message);
    this.end(message);
  }

  #ok(): undefined {
    if (!this.#isBatch) this.send(OK);
  }

  #fail(code: RefusalCode, message: string, form = this.#form): undefined {
    this.send(encodeRefusal(form, code, message));
  }

  /** Of a command between HELLO and END, which BATCH lets pass without a word. */
  #failQuietly(code: RefusalCode, message: string): undefined {
    if (!this.#isBatch) this.#fail(code, message);
  }

  get #form(): "bare" | "extended" | 4 {
    return this.#version === 4 ? 4 : this.#isExtended ? "extended" : "bare";
  }

  #handle(request: Request): Steps | Promise<void> | undefined {
    switch (request.kind) {
      case "HELLO":
        this.send(Buffer.from(`${this.#software}\r\n${this.context.seedLink.organization}\r\n`));
        return undefined;
      case "SLPROTO":
        this.#version = request.protocol;
        this.send(OK);
        return undefined;
      case "USERAGENT":
        return this.#name(request.text.slice(0, MAX_NAME));
      case "CAPABILITIES":
        this.#isExtended ||= request.words.includes("EXTREPLY");
        return this.#ok();
      case "BATCH":
        this.send(OK);
        this.#isBatch = true;
        return undefined;
      case "AUTH":
        return this.#authenticate(request.login);
      case "STATION":
        return this.#station(request.pattern);
      case "SELECT":
        return this.#select(request.selectors);
      case "BEGIN":
        return this.#begin(request.beginning);
      case "END":
        return this.#stream(false);
      case "ENDFETCH":
        return this.#stream(true);
      case "CAT":
        return this.#list();
      case "INFO":
        return this.#info(request);
      case "BYE":
        this.ended = true;
        return undefined;
      case "MALFORMED":
        return this.#malformed(request);
      case "UNKNOWN":
        return this.#unrecognized(request.line);
    }
  }

  get #software(): string {
    return `${this.context.seedLink.version} :: ${FLAGS}`;
  }

  #name(clientId: string): undefined {
    if (clientId !== this.clientId) this.identify(clientId);
    return this.#ok();
  }

  #authenticate(login: Extract<Request, { kind: "AUTH" }>["login"]): Promise<void> | undefined {
    if (!this.context.access.hasLogins) return this.#fail("INTERNAL", "Error performing authentication");
    return this.#logIn(login);
  }

  async #logIn(login: Extract<Request, { kind: "AUTH" }>["login"]): Promise<void> {
    const refusal = await this.logIn(login);
    if (refusal === undefined) this.send(OK);
    else if (refusal.isLast) this.refuse(refusal.message);
    else this.#fail(refusal.tooMany ? "LIMIT" : "AUTH", refusal.message);
  }

  #station(pattern: string): undefined {
    if (this.#requests.add(pattern)) return this.#ok();
    return this.#failQuietly("LIMIT", "too many stations, or too many patterns of stations");
  }

  #select(selectors: Extract<Request, { kind: "SELECT" }>["selectors"]): undefined {
    if (this.#requests.isRefused) return this.#failQuietly("UNEXPECTED", NO_STATION);
    if (this.#requests.select(selectors)) return this.#ok();
    return this.#failQuietly("LIMIT", "too many selectors");
  }

  /** In protocol 3, without a station it asks for all of them, and begins at once. */
  #begin(beginning: Beginning): Steps | undefined {
    if (this.#requests.isRefused || (this.#version === 4 && this.#requests.isGlobal)) {
      return this.#failQuietly("UNEXPECTED", NO_STATION);
    }
    const isGlobal = this.#requests.isGlobal;
    this.#requests.begin(beginning);
    return isGlobal ? this.#stream(false) : this.#ok();
  }

  #stream(isDialUp: boolean): Steps | undefined {
    if (this.permissions.read === false) return this.refuse("Authentication required for streaming");
    return this.#startStream(isDialUp);
  }

  *#startStream(isDialUp: boolean): Steps {
    const { ring } = this.context;
    this.next = this.#requests.start(ring, this.#version, isDialUp);
    const selected = yield* selectStreams(ring, (stream) => this.#requests.choicesOf(stream).length > 0);
    this.selectedStreams = selected.length;
    this.#lastSentAt = performance.now();
    this.streaming = true;
  }

  /** As SeisComP lists them. */
  *#list(): Steps {
    const rows = yield* this.#stationRows(undefined);
    const lines = rows.map(({ id }) => {
      const separator = id.indexOf("_");
      const [network, station] = [id.slice(0, separator), id.slice(separator + 1)];
      return `${network.padEnd(2)} ${station.padEnd(5)} Station ID ${id}\r\n`;
    });
    this.send(Buffer.from(`${lines.join("")}END`));
  }

  #malformed({ command, code, message, negative }: Extract<Request, { kind: "MALFORMED" }>): undefined {
    if (command === "INFO") return this.#sendInfo([...this.#errorParts(code, message)].join(""), true);
    if (command === "SLPROTO" || command === "AUTH") return this.#fail(code, message, this.#refusalForm);
    if (command === "STATION") this.#requests.refuse();
    if (command === "SELECT") this.#requests.refuseSelect(negative === true);
    return this.#failQuietly(code, message);
  }

  /** Commands of protocol 4 are refused in its form, whatever is spoken. */
  get #refusalForm(): "extended" | 4 {
    return this.#isExtended && this.#version === 3 ? "extended" : 4;
  }

  #unrecognized(line: string): undefined {
    this.#fail("UNSUPPORTED", `Unrecognized command: ${line}`);
    this.#unknown++;
    if (this.#unknown >= MAX_UNKNOWN) this.end(`${MAX_UNKNOWN} unknown commands in a row`);
  }

  *#info(request: InfoRequest): Steps {
    const { trusted } = this.permissions;
    if (request.item === "CONNECTIONS" && !trusted) {
      return this.#sendInfo(
        [...this.#errorParts("UNAUTHORIZED", "Access to CONNECTIONS denied")].join(""),
        true,
      );
    }
    const parts = yield* this.#version === 4 ? this.#parts4(request) : this.#parts3(request);
    if (!parts) {
      return this.#sendInfo([...this.#errorParts("ARGUMENTS", "Unrecognized INFO item")].join(""), true);
    }
    let text = "";
    const bytes: Buffer[] = [];
    for (const piece of this.#document(parts)) {
      text += piece;
      if (text.length > INFO_PART) {
        bytes.push(Buffer.from(text));
        text = "";
      }
      yield;
    }
    bytes.push(Buffer.from(text));
    this.#sendInfo(Buffer.concat(bytes), false);
  }

  #document(parts: Iterable<string>): Generator<string> {
    const { organization } = this.context.seedLink;
    const server = { software: this.#software, organization, started: this.context.status().startTime };
    return this.#version === 4 ? infoJson(server, parts) : infoXml(server, parts);
  }

  #errorParts(code: RefusalCode, message: string): Generator<string> {
    return this.#document(this.#version === 4 ? JSON_PARTS.error(code, message) : []);
  }

  *#parts4(request: InfoRequest): Generator<undefined, Iterable<string> | undefined> {
    switch (request.item) {
      case "ID":
        return JSON_PARTS.id(this.context.status().startTime);
      case "FORMATS":
        return JSON_PARTS.formats();
      case "CAPABILITIES":
        return JSON_PARTS.capabilities(this.#capabilities4);
      case "STATIONS":
      case "STREAMS":
        return JSON_PARTS.stations(yield* this.#stationRows(request), request.item === "STREAMS");
      case "CONNECTIONS":
        return JSON_PARTS.connections(this.context.clients(), this.context.status().listeners[0]!.port);
      default:
        return undefined;
    }
  }

  *#parts3(request: InfoRequest): Generator<undefined, Iterable<string> | undefined> {
    const capabilities = () => XML_PARTS.capabilities(CAPABILITIES_3);
    switch (request.item) {
      case "ID":
        return [];
      case "CAPABILITIES":
        return capabilities();
      case "STATIONS":
      case "STREAMS":
      case "GAPS":
        return XML_PARTS.stations(yield* this.#stationRows(request), CONTENT_3[request.item]);
      case "CONNECTIONS":
        return XML_PARTS.connections(this.context.clients());
      case "ALL": {
        const clients = this.permissions.trusted ? this.context.clients() : [];
        const rows = yield* this.#stationRows(request);
        return inTurn(capabilities(), XML_PARTS.stations(rows, "gaps"), XML_PARTS.connections(clients));
      }
      default:
        return undefined;
    }
  }

  get #capabilities4(): string[] {
    const logins = this.context.access.hasLogins ? ["AUTH:USERPASS", "AUTH:JWT"] : [];
    return ["SLPROTO:4.0", "SLPROTO:3.1", "TIME", "SEQWILDCARD", "WS:13", ...logins];
  }

  #stationRows(request: InfoRequest | undefined): Generator<undefined, StationRow[]> {
    return stationRows(this.context.ring, {
      has: ({ streamId }) => this.#requests.permits(streamId),
      station: request?.stationPattern,
      streams: request?.streams,
    });
  }

  #sendInfo(text: string | Buffer, isError: boolean): undefined {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    if (this.#version === 4) this.send(...encodeInfo4(bytes, isError));
    else for (const frame of encodeInfo3(bytes, isError, Date.now())) this.send(frame);
  }
}

const LINE_END = Buffer.from("\r\n");
const NO_STATION = "it needs a STATION before it";

const CONTENT_3 = { STATIONS: "stations", STREAMS: "streams", GAPS: "gaps" } as const;

const CAPABILITIES_3 = [
  "dialup",
  "multistation",
  "window-extraction",
  ...["id", "capabilities", "stations", "streams", "gaps", "connections", "all"].map(
    (item) => `info:${item}`,
  ),
];

function* inTurn(...parts: Iterable<string>[]): Generator<string> {
  for (const part of parts) yield* part;
}

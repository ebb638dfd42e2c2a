/** The commands of one connection to one server, wherever it runs: {@link CommandClient}. */
import type { TimeInput } from "../../time.ts";
import { parseAddress } from "../address.ts";
import type { ServerIdentity } from "../protocol/capabilities.ts";
import {
  authenticate,
  type Credentials,
  filter,
  identify,
  info,
  type Pattern,
  positionAfter,
  positionSet,
  read,
  write,
  writeNotPermitted,
} from "../protocol/client-requests.ts";
import type { DataLinkError } from "../protocol/errors.ts";
import type { InfoResults, InfoType } from "../protocol/info.ts";
import type { Packet, PacketInput } from "../protocol/packet.ts";
import { type ClientSession, type ConnectOptions, openSession, type Platform } from "./session.ts";
import { PacketStream } from "./stream.ts";

/** What every command takes. */
export interface CommandOptions {
  /** Stops waiting. What has been sent may still be done by the server. */
  signal?: AbortSignal | undefined;
}

/**
 * A connection to a DataLink server. Commands may be given without waiting for one another: they are sent and answered
 * in order. Every failure is a `DataLinkError`; every command may fail with `SERVER_ERROR` (the server's words are in
 * the message), `CONNECTION_LOST`, `TIMEOUT`, `PROTOCOL`, `CLOSED` and `ABORTED`, and with `INVALID_ARGUMENT` before
 * anything is sent.
 */
export class CommandClient implements AsyncDisposable {
  readonly #session: ClientSession;

  /** @internal */
  protected constructor(session: ClientSession) {
    this.#session = session;
  }

  /**
   * Connects, identifies this client and, if credentials are given, logs in.
   *
   * @internal
   */
  protected static async open(
    platform: Platform,
    url: string,
    options: ConnectOptions,
  ): Promise<ClientSession> {
    return await openSession(platform, parseAddress(url, options.tls !== undefined), options);
  }

  /** Who the server is and what this connection may do. */
  get server(): ServerIdentity {
    return this.#session.server;
  }

  /** The server's address, without user name and password. */
  get address(): string {
    return this.#session.connection.name;
  }

  get isOpen(): boolean {
    return this.#session.connection.isOpen;
  }

  /** Resolves, with the reason, when the connection is over. */
  get closed(): Promise<DataLinkError> {
    return this.#session.connection.closed;
  }

  /** Says who this client is (`connect` has done it) and asks anew what the server allows. */
  async identify(clientId = this.#session.clientId, options: CommandOptions = {}): Promise<ServerIdentity> {
    this.#session.server = await this.#session.connection.run(identify(clientId), options.signal);
    this.#session.clientId = clientId;
    return this.#session.server;
  }

  /**
   * Logs in, then identifies again, because what this connection may do can change.
   *
   * @throws DataLinkError `NOT_PERMITTED` where the server does not accept the credentials.
   */
  async authenticate(credentials: Credentials, options: CommandOptions = {}): Promise<ServerIdentity> {
    await this.#session.connection.run(authenticate(credentials), options.signal);
    return await this.identify(undefined, options);
  }

  /**
   * Which streams to send: those whose id the regular expression finds; `null` for all. Also of the streams to come.
   *
   * @returns how many streams are selected now, by match and reject
   */
  async match(pattern: Pattern | null, options: CommandOptions = {}): Promise<number> {
    return await this.#session.connection.run(filter("MATCH", pattern, this.server), options.signal);
  }

  /** Which streams not to send; otherwise as {@link match}. */
  async reject(pattern: Pattern | null, options: CommandOptions = {}): Promise<number> {
    return await this.#session.connection.run(filter("REJECT", pattern, this.server), options.signal);
  }

  /**
   * Which packet counts as the last one seen: a stream begins with the packet *after* it. To get that packet as well,
   * `read` it before streaming.
   *
   * @param packetTime the packet's own time: the server then makes sure that it is that packet
   * @returns the packet's id; 0 while the ring is empty
   * @throws DataLinkError `PACKET_NOT_FOUND`; the position is then as before.
   */
  async positionSet(
    to: "EARLIEST" | "LATEST" | bigint,
    packetTime?: TimeInput,
    options: CommandOptions = {},
  ): Promise<bigint> {
    return await this.#session.connection.run(positionSet(to, packetTime), options.signal);
  }

  /**
   * Positions at the first packet whose data end is later than `time`, or at the latest packet where there is none. As
   * with {@link positionSet}, a stream begins with the packet after it.
   *
   * @throws DataLinkError `PACKET_NOT_FOUND` where the ring is empty.
   */
  async positionAfter(time: TimeInput, options: CommandOptions = {}): Promise<bigint> {
    return await this.#session.connection.run(positionAfter(time, this.server), options.signal);
  }

  /**
   * One packet by its id, whatever match and reject say. It also counts as the last one seen.
   *
   * @throws DataLinkError `PACKET_NOT_FOUND`
   */
  async read(packetId: bigint, options: CommandOptions = {}): Promise<Packet> {
    return await this.#session.connection.run(read(packetId), options.signal);
  }

  /**
   * The packets after the position, then those that arrive, without end. Leaving the loop ends the stream; a stream
   * begun later goes on after the last packet taken. While the reader is slow the socket is not read, so that the
   * server waits. Other commands may be given meanwhile.
   *
   * @throws DataLinkError `INVALID_ARGUMENT` while another stream of this connection is open.
   */
  stream(options: CommandOptions = {}): PacketStream {
    return new PacketStream(this.#session.connection, options.signal);
  }

  /**
   * Puts a packet into the server's ring.
   *
   * With `ack: true`, the default, it resolves with the packet's id when the server has it. With `ack: false` it
   * resolves when there is room to send more; a refusal then ends the connection, as servers do at any refused write.
   *
   * @throws DataLinkError before anything is sent: `NOT_PERMITTED`, `TOO_LARGE` (payload, stream id),
   * `INVALID_ARGUMENT`; and as the server answers.
   */
  write(packet: PacketInput, options: CommandOptions & { ack: false }): Promise<undefined>;
  write(packet: PacketInput, options?: CommandOptions & { ack?: true }): Promise<bigint>;
  write(packet: PacketInput, options?: CommandOptions & { ack?: boolean }): Promise<bigint | undefined>;
  async write(
    packet: PacketInput,
    options: CommandOptions & { ack?: boolean } = {},
  ): Promise<bigint | undefined> {
    const { connection, server } = this.#session;
    const { ack = true, signal } = options;
    if (connection.isOpen && !server.write) {
      throw writeNotPermitted(connection.name);
    }
    const command = write(packet, ack, server);
    if (ack) return await connection.run(command, signal);
    await connection.post(command);
    return undefined;
  }

  /**
   * What the server says of itself, its streams or its connections (those to trusted clients only).
   *
   * @param match a regular expression: which streams (by id) or connections (by host and client id) to list
   * @throws DataLinkError as the server answers; servers then close the connection.
   */
  async info<Type extends InfoType>(
    type: Type,
    match?: Pattern,
    options: CommandOptions = {},
  ): Promise<InfoResults[Type]> {
    return await this.#session.connection.run(info(type, match, this.server), options.signal);
  }

  /**
   * Closes the connection. Writes without acknowledgement have reached the server when it resolves.
   *
   * @throws DataLinkError what the server answered to such a write.
   */
  async close(): Promise<void> {
    await this.#session.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

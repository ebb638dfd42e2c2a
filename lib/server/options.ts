/** What a server is to be like: its options, what holds where they say nothing, and which of them make no sense. */
import type { TlsOptions } from "node:tls";
import { DataLinkError } from "../datalink/protocol/errors.ts";
import { VERSION } from "../version.ts";
import type { AccessOptions } from "./access/access.ts";
import type { DataLinkServerEvent } from "./events.ts";
import type { WebSocketOptions } from "./listener.ts";
import { largestFrame, MAX_PACKET_SIZE } from "./ring/ring.ts";
import type { Protocol3Records } from "./seedlink/conversions.ts";

/** What a server is to be like. */
export interface DataLinkServerOptions {
  /** Address to listen on. Default 127.0.0.1: only this machine. */
  host?: string | undefined;
  /** Default 16000; 0 for any free port. */
  port?: number | undefined;
  /** Bytes that the ring holds. Default 64 MiB. */
  ringBytes?: number | undefined;
  /** Largest payload of a packet, in bytes. Default 512. */
  packetSize?: number | undefined;
  /** Certificate, key and the like: the port speaks TLS, and nothing else. Default: no TLS. */
  tls?: TlsOptions | undefined;
  /** WebSocket and the figures as JSON on the same port, told from DataLink by the first byte. Default: yes. */
  webSocket?: boolean | WebSocketOptions | undefined;
  /**
   * SeedLink 4.0 and 3.1 on the same port, told from DataLink by the first bytes, and over WebSocket. Default: yes.
   */
  seedLink?: boolean | SeedLinkServerOptions | undefined;
  /** Who may do what. Default: this machine may do everything, and others may not even connect. */
  access?: AccessOptions | undefined;
  /**
   * Folder in which the ring outlives the server; it is made if it is not there. What was acknowledged, or sent to a
   * reader, is still in the ring when the server comes back, however it ended. Default: none, the ring starts empty.
   */
  directory?: string | undefined;
  /** The server's name in INFO, for people. */
  serverId?: string | undefined;
  /** Program and version that the server gives as its own in ID and INFO. Default: this package's. */
  software?: string | undefined;
  /** Most streams that the ring may hold at once. Default 10,000. */
  maxStreams?: number | undefined;
  /** Most clients at once. Default 600. */
  maxClients?: number | undefined;
  /** Most clients at once from one address. Default: as many as there may be at all. */
  maxClientsPerAddress?: number | undefined;
  /** Milliseconds for a command to arrive whole, for the first one, and for a client to take what it is sent. Default 10 s. */
  ioTimeout?: number | undefined;
  /** Milliseconds without a word after which a client is disconnected; 0 for never. Default 1 h. */
  idleTimeout?: number | undefined;
  onEvent?: ((event: DataLinkServerEvent) => void) | undefined;
}

/** How the server speaks SeedLink. */
export interface SeedLinkServerOptions {
  /**
   * What readers of protocol 3 get, many of which know miniSEED 2 only. `"convert"` (default): miniSEED 2 as it is, and
   * miniSEED 3 as miniSEED 2 in records of 512 bytes. `"repack"`: records of 512 bytes only, for readers that know no other
   * length. `"omit"`: miniSEED 2 as it is, and no miniSEED 3.
   */
  protocol3?: Protocol3Records | undefined;
}

const MIB = 1024 * 1024;

/** Fewest packets of the largest size that a ring must have room for. */
export const FEWEST_PACKETS = 4;

/** One Buffer of Node 20 holds no more. */
const MAX_RING_BYTES = 4096 * MIB - 1;

const DEFAULTS = {
  host: "127.0.0.1",
  port: 16000,
  ringBytes: 64 * MIB,
  packetSize: 512,
  serverId: "Node-RED DataLink",
  software: `SeisFlow/${VERSION}`,
  maxStreams: 10_000,
  maxClients: 600,
  ioTimeout: 10_000,
  idleTimeout: 3_600_000,
};

/** Options with the defaults for those that are not given. */
export type CompleteOptions = typeof DEFAULTS & Given<DataLinkServerOptions>;

/** @throws DataLinkError `INVALID_ARGUMENT` for sizes that make no sense. */
export function completeOptions(options: DataLinkServerOptions): CompleteOptions {
  const complete = { ...DEFAULTS, ...given(options) };
  checkSizes(complete);
  protocol3Records(complete.seedLink);
  return complete;
}

/** @throws DataLinkError `INVALID_ARGUMENT` for a word that means nothing. */
export function protocol3Records(options: boolean | SeedLinkServerOptions | undefined): Protocol3Records {
  const { protocol3 = "convert" } = given<SeedLinkServerOptions>(options);
  if (protocol3 === "convert" || protocol3 === "repack" || protocol3 === "omit") return protocol3;
  throw new DataLinkError(
    "INVALID_ARGUMENT",
    `seedLink.protocol3 is "convert", "repack" or "omit", not ${JSON.stringify(protocol3)}.`,
  );
}

/** Options without those that are there but `undefined`, which would hide a default. */
export function given<Options extends object>(options: Options | boolean | undefined): Given<Options> {
  const entries = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<Options>;
}

type Given<Options> = { [Name in keyof Options]?: Exclude<Options[Name], undefined> };

function checkSizes({ ringBytes, packetSize }: { ringBytes: number; packetSize: number }): void {
  const smallest = FEWEST_PACKETS * largestFrame(packetSize);
  const sound =
    Number.isSafeInteger(packetSize) &&
    packetSize > 0 &&
    packetSize <= MAX_PACKET_SIZE &&
    Number.isSafeInteger(ringBytes);
  if (sound && ringBytes >= smallest && ringBytes <= MAX_RING_BYTES) return;
  throw new DataLinkError(
    "INVALID_ARGUMENT",
    `A ring of ${ringBytes} bytes for packets of ${packetSize} bytes cannot be made: both must be whole numbers, the ring ` +
      `at least ${FEWEST_PACKETS} packets large and under 4 GiB.`,
  );
}

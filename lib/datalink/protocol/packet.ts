/** The packet, DataLink's unit of data, as readers receive it and writers give it. */
import type { TimeInput } from "../../time.ts";

/** A packet as it lies in a server's ring. */
export interface Packet {
  /** `<source id>/<type>`, for example `FDSN:CO_JSC_00_H_H_Z/MSEED`. */
  streamId: string;
  /** Its number in the server's ring: unsigned 64 bit, ascending in order of arrival. */
  packetId: bigint;
  /** When the server accepted it: microseconds since 1970. Times beyond 2^53 (year 2255) are rounded. */
  packetTime: number;
  /** Time of the first sample: microseconds since 1970. */
  dataStart: number;
  /** Time of the last sample: microseconds since 1970. */
  dataEnd: number;
  /** The data. A view into received bytes: copy it to keep it long. */
  payload: Buffer;
}

/** What a writer gives. */
export interface PacketInput {
  streamId: string;
  dataStart: TimeInput;
  /** Default: `dataStart`. */
  dataEnd?: TimeInput | undefined;
  /** Text is sent as UTF-8. */
  payload: Uint8Array | string;
  /** A packet id for servers that take one (DataLink 1.1, flag I); otherwise the server numbers the packet. */
  packetId?: bigint | undefined;
}

/** Largest packet id that ringserver gives or takes; the ten above it are its sentinels. */
export const MAX_PACKET_ID = 2n ** 64n - 11n;

/** Whether a packet can be asked for by this id. */
export function isPacketId(id: unknown): id is bigint {
  return typeof id === "bigint" && id >= 0n && id <= MAX_PACKET_ID;
}

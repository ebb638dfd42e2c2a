/**
 * The ring: the newest packets of all streams, in order of arrival, in a fixed number of bytes. A new packet takes the
 * place of the oldest ones. Pure: no sockets, no files.
 *
 * Packets lie in one circular store as they go out to readers, as encoded PACKET frames one behind the other, so that
 * serving a reader is copying bytes. A packet is addressed by its *sequence*, 0 for the first one ever written; a reader is
 * a sequence, too: the next one to look at.
 */
import { DataLinkError } from "../../datalink/protocol/errors.ts";
import { MAX_HEADER, PREHEADER } from "../../datalink/protocol/frame.ts";
import type { Packet } from "../../datalink/protocol/packet.ts";
import { type PacketReply, parseReplyHeader, writePacketHead } from "../../datalink/protocol/replies.ts";
import { MAX_STREAM_ID } from "../../stream-id.ts";
import { nowMicroseconds } from "../../time.ts";
import { PacketIndex } from "./packet-index.ts";

/**
 * Largest packet id that a writer may choose: signed 64-bit programs (libdali) can still read it, and the ids that
 * follow it by counting never come to an end. Ids only ascend and never wrap.
 */
export const MAX_CHOSEN_ID = 2n ** 63n - 1n;

/** Largest payload that a ring can be made for, in bytes. */
export const MAX_PACKET_SIZE = 64 * 1024 * 1024;

/**
 * Bytes of the store per packet, at least: smaller packets leave some of it empty, so that the index, of 32 bytes per
 * packet, stays below a quarter of the store.
 */
const BYTES_PER_PACKET = 128;

/** Where a frame's header is made, until it is known how long it is and where the frame goes. */
const HEAD = Buffer.alloc(PREHEADER + MAX_HEADER);

const DEFAULT_MAX_STREAMS = 10_000;

/** A stream that has packets in the ring. */
export interface RingStream {
  readonly streamId: string;
  /** Never given twice, so that what is remembered about a stream cannot be taken for another one's. */
  readonly serial: number;
  /** Its place in tables of streams; free for another stream once this one has left the ring. */
  readonly slot: number;
  /** How many of its packets the ring holds. */
  packets: number;
  /** Sequences of its earliest and its latest packet. */
  earliest: number;
  latest: number;
}

export interface RingOptions {
  /** Bytes for packets. */
  ringBytes: number;
  /** Largest payload of a packet, in bytes. */
  packetSize: number;
  /** Most streams that may have packets in it. Default 10,000. */
  maxStreams?: number | undefined;
  /** The clock that packets get their time from, in microseconds since 1970. */
  now?: (() => number) | undefined;
}

export class Ring {
  readonly ringBytes: number;
  readonly packetSize: number;
  /** The streams that have packets in the ring, by stream id. */
  readonly streams = new Map<string, RingStream>();
  readonly #maxStreams: number;
  readonly #maxPackets: number;
  readonly #now: () => number;
  readonly #store: Buffer;
  /** Where the next frame goes. */
  #head = 0;
  readonly #index = new PacketIndex();
  #latestId = 0n;
  #readEnd = Number.POSITIVE_INFINITY;
  readonly #streamsBySlot: RingStream[] = [];
  readonly #freeSlots: number[] = [];
  #serials = 0;

  constructor({ ringBytes, packetSize, maxStreams, now }: RingOptions) {
    this.ringBytes = ringBytes;
    this.packetSize = packetSize;
    this.#maxStreams = maxStreams ?? DEFAULT_MAX_STREAMS;
    this.#maxPackets = Math.ceil(ringBytes / BYTES_PER_PACKET);
    this.#now = now ?? nowMicroseconds;
    this.#store = Buffer.alloc(ringBytes);
  }

  /** Sequence of the earliest packet in the ring; `end` where there is none. */
  get first(): number {
    return this.#index.first;
  }

  /** The sequence that the next packet will get. */
  get end(): number {
    return this.#index.end;
  }

  /** Readers get packets before this sequence only; without a limit, all that there are. */
  get readEnd(): number {
    return Math.min(this.#readEnd, this.#index.end);
  }

  set readEnd(sequence: number) {
    this.#readEnd = sequence;
  }

  /** How many packets the ring holds. */
  get packets(): number {
    return this.#index.end - this.#index.first;
  }

  /** Id of the newest packet ever written, 0 for none. */
  get latestId(): bigint {
    return this.#latestId;
  }

  /**
   * Takes a packet in, and returns its id: the one given, or the latest plus one.
   *
   * @throws DataLinkError `INVALID_ARGUMENT` where the stream id, the packet id or the size cannot be taken.
   */
  append(
    streamId: string,
    dataStart: number | bigint,
    dataEnd: number | bigint,
    payload: Uint8Array,
    chosenId?: bigint,
  ): bigint {
    if (!this.streams.has(streamId)) this.#checkNewStream(streamId);
    if (chosenId !== undefined) this.#checkChosenId(chosenId);
    if (payload.length > this.packetSize) {
      throw new DataLinkError(
        "INVALID_ARGUMENT",
        `Packet size (${payload.length}) is too large for ring, maximum is ${this.packetSize} bytes`,
      );
    }
    const packetId = chosenId ?? this.#latestId + 1n;
    const packetTime = this.#now();
    const head = writePacketHead(
      HEAD,
      { streamId, packetId, packetTime, dataStart, dataEnd },
      payload.length,
    );
    const length = head + payload.length;
    const offset = this.#reserve(length);
    HEAD.copy(this.#store, offset, 0, head);
    this.#store.set(payload, offset + head);
    this.#enter(streamId, packetId, Number(dataEnd), offset, length);
    return packetId;
  }

  /**
   * Takes in a packet that was in a ring before, as the frame at `offset` of some bytes; returns the offset behind it. What
   * is larger than this ring is passed over.
   *
   * @throws DataLinkError `PROTOCOL` where there is no such frame, or its id is not above those that are there.
   */
  restore(bytes: Buffer, offset: number): number {
    const headerEnd = offset + PREHEADER + bytes[offset + 2]!;
    const header = parsePacketHeader(bytes, offset + PREHEADER, headerEnd);
    const end = headerEnd + header.size;
    if (header.packetId <= this.#latestId) {
      throw new DataLinkError("PROTOCOL", `Packet ${header.packetId} comes behind packet ${this.#latestId}.`);
    }
    if (end - offset > this.ringBytes) return end;
    const at = this.#reserve(end - offset);
    bytes.copy(this.#store, at, offset, end);
    this.#enter(header.streamId, header.packetId, header.dataEnd, at, end - offset);
    return end;
  }

  /** Sequence of the packet with this id, or `undefined` where the ring does not hold it. */
  sequenceOf(packetId: bigint): number | undefined {
    return this.#index.sequenceOf(packetId);
  }

  /** Sequence of the first packet with this id or a higher one; `end` where there is none. */
  sequenceFrom(packetId: bigint): number {
    return this.#index.sequenceFrom(packetId);
  }

  idAt(sequence: number): bigint {
    return this.#index.idAt(sequence);
  }

  /** Time of the packet's last sample, in microseconds since 1970. */
  dataEndAt(sequence: number): number {
    return this.#index.dataEndAt(sequence);
  }

  streamAt(sequence: number): RingStream {
    return this.#streamsBySlot[this.#index.slotAt(sequence)]!;
  }

  /** Place of the packet's frame in the store; frames that touch there may be copied in one piece. */
  offsetAt(sequence: number): number {
    return this.#index.offsetAt(sequence);
  }

  /** Length of the packet's frame, in bytes. */
  lengthAt(sequence: number): number {
    return this.#index.lengthAt(sequence);
  }

  /** Place of the packet's payload in the store. It goes to the end of the frame. */
  payloadOffsetAt(sequence: number): number {
    const offset = this.offsetAt(sequence);
    return offset + PREHEADER + this.#store[offset + 2]!;
  }

  payloadLengthAt(sequence: number): number {
    return this.offsetAt(sequence) + this.lengthAt(sequence) - this.payloadOffsetAt(sequence);
  }

  /** Time of the packet's first sample, in microseconds since 1970. */
  dataStartAt(sequence: number): number {
    const start = this.offsetAt(sequence) + PREHEADER;
    return parsePacketHeader(this.#store, start, this.payloadOffsetAt(sequence)).dataStart;
  }

  /** A byte of the store. */
  byteAt(offset: number): number {
    return this.#store[offset]!;
  }

  /** Copies bytes that lie at an offset of the store, such as frames one behind the other, into `target`; returns how many. */
  copy(offset: number, length: number, target: Buffer, targetOffset: number): number {
    return this.#store.copy(target, targetOffset, offset, offset + length);
  }

  /** A copy of the PACKET frame at a sequence that the ring holds, byte for byte as readers get it. */
  frameAt(sequence: number): Buffer {
    const frame = Buffer.allocUnsafe(this.lengthAt(sequence));
    this.copy(this.offsetAt(sequence), frame.length, frame, 0);
    return frame;
  }

  /** The packet at a sequence that the ring holds, its payload a copy; times beyond 2^53 as well as they can be told. */
  packetAt(sequence: number): Packet {
    const frame = this.frameAt(sequence);
    const headerEnd = PREHEADER + frame[2]!;
    const { streamId, packetId, packetTime, dataStart, dataEnd } = parsePacketHeader(
      frame,
      PREHEADER,
      headerEnd,
    );
    return { streamId, packetId, packetTime, dataStart, dataEnd, payload: frame.subarray(headerEnd) };
  }

  #checkNewStream(streamId: string): void {
    checkStreamId(streamId);
    if (this.streams.size < this.#maxStreams) return;
    throw new DataLinkError("INVALID_ARGUMENT", `Error, the ring holds ${this.#maxStreams} streams already`);
  }

  #checkChosenId(id: bigint): void {
    if (id > this.#latestId && id <= MAX_CHOSEN_ID) return;
    throw new DataLinkError(
      "INVALID_ARGUMENT",
      id > MAX_CHOSEN_ID
        ? `Packet ID ${id} is too large, maximum is ${MAX_CHOSEN_ID}`
        : `Packet ID ${id} is not above the latest one, ${this.#latestId}`,
    );
  }

  /** Makes room for a frame, which never wraps around the end of the store, and returns its offset. */
  #reserve(length: number): number {
    if (this.packets >= this.#maxPackets) this.#evict();
    if (this.#head + length > this.ringBytes) {
      while (this.packets > 0 && this.offsetAt(this.first) >= this.#head) this.#evict();
      this.#head = 0;
    }
    const offset = this.#head;
    this.#head += length;
    while (this.packets > 0) {
      const oldest = this.offsetAt(this.first);
      if (oldest < offset || oldest >= this.#head) break;
      this.#evict();
    }
    return offset;
  }

  #evict(): void {
    const stream = this.streamAt(this.first);
    stream.packets--;
    if (stream.packets === 0) {
      this.streams.delete(stream.streamId);
      this.#freeSlots.push(stream.slot);
    } else {
      stream.earliest += this.#index.stepAt(this.first);
    }
    this.#index.shift();
  }

  /** Writes a packet down whose frame has just been given its place. */
  #enter(streamId: string, packetId: bigint, dataEnd: number, offset: number, length: number): void {
    const sequence = this.#index.end;
    // Only now: making room may have evicted the stream's last packet.
    let stream = this.streams.get(streamId);
    if (stream) {
      this.#index.setStep(stream.latest, sequence - stream.latest);
      stream.latest = sequence;
      stream.packets++;
    } else {
      stream = this.#addStream(streamId, sequence);
    }
    this.#index.push({ packetId, dataEnd, offset, length, slot: stream.slot });
    this.#latestId = packetId;
  }

  #addStream(streamId: string, sequence: number): RingStream {
    const slot = this.#freeSlots.pop() ?? this.#streamsBySlot.length;
    this.#serials++;
    const stream = {
      streamId,
      serial: this.#serials,
      slot,
      packets: 1,
      earliest: sequence,
      latest: sequence,
    };
    this.#streamsBySlot[slot] = stream;
    this.streams.set(streamId, stream);
    return stream;
  }
}

/** Bytes of the ring's store that one packet needs at most. */
export function largestFrame(packetSize: number): number {
  return PREHEADER + MAX_HEADER + packetSize;
}

/** Frames of a ring are PACKET frames; whatever else is there has been damaged. */
function parsePacketHeader(bytes: Buffer, start: number, end: number): PacketReply {
  const reply = parseReplyHeader(bytes, start, end);
  if (reply.kind === "PACKET" && end + reply.size <= bytes.length) return reply;
  throw new DataLinkError("PROTOCOL", "There is no PACKET where a packet of the ring should be.");
}

function checkStreamId(streamId: string): void {
  if (streamId.length > MAX_STREAM_ID) {
    throw new DataLinkError("INVALID_ARGUMENT", "Error, stream ID too long");
  }
  if (!/^[\x21-\x7e]+$/.test(streamId)) {
    throw new DataLinkError(
      "INVALID_ARGUMENT",
      "Error, stream ID must be printable ASCII characters without spaces",
    );
  }
}

/**
 * The ring: the newest packets of all streams, in order of arrival, in a fixed number of bytes. A new packet takes the
 * place of the oldest ones. Pure: no sockets, no files.
 *
 * Packets lie in one circular store as they go out to readers, as encoded PACKET frames one behind the other, so that
 * serving a reader is copying bytes. Beside it an index of typed arrays grows to as many packets as there are. A packet is
 * addressed by its *sequence*, 0 for the first one ever written; a reader is a sequence, too: the next one to look at.
 */
import { DataLinkError } from "../datalink/errors.ts";
import { FrameReader, MAX_HEADER, PREHEADER } from "../datalink/frame.ts";
import type { Packet } from "../datalink/packet.ts";
import { type PacketReply, packetHeader, parseReplyHeader } from "../datalink/replies.ts";
import { MAX_STREAM_ID } from "../datalink/stream-id.ts";
import { nowMicroseconds } from "../time.ts";

/**
 * Largest packet id that a writer may choose: signed 64-bit programs (libdali) can still read it, and the ids that
 * follow it by counting never come to an end. Ids only ascend and never wrap.
 */
export const MAX_CHOSEN_ID = 2n ** 63n - 1n;

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

const FIRST_CAPACITY = 1024;

/**
 * Bytes of the store per packet that the index has room for at most. An entry of the index takes 32: packets may
 * be smaller, but then the index, and not the store, says how many of them there are.
 */
const BYTES_PER_ENTRY = 128;
const DEFAULT_MAX_STREAMS = 10_000;

export class Ring {
  readonly ringBytes: number;
  readonly packetSize: number;
  /** The streams that have packets in the ring, by stream id. */
  readonly streams = new Map<string, RingStream>();
  readonly #maxStreams: number;
  readonly #now: () => number;
  readonly #store: Buffer;
  /** Where the next frame goes. */
  #head = 0;
  /** Sequences: the earliest packet still there, and the one that the next packet gets. */
  #first = 0;
  #end = 0;
  #latestId = 0n;
  /** The index, by sequence modulo the capacity, which is a power of two. */
  #capacity = FIRST_CAPACITY;
  #offsets = new Uint32Array(FIRST_CAPACITY);
  #lengths = new Uint32Array(FIRST_CAPACITY);
  #ids = new BigUint64Array(FIRST_CAPACITY);
  #dataEnds = new Float64Array(FIRST_CAPACITY);
  #slots = new Uint32Array(FIRST_CAPACITY);
  /** How many sequences further the next packet of the same stream is. */
  #steps = new Uint32Array(FIRST_CAPACITY);
  readonly #streamsBySlot: RingStream[] = [];
  readonly #freeSlots: number[] = [];
  #serials = 0;

  constructor({ ringBytes, packetSize, maxStreams, now }: RingOptions) {
    this.ringBytes = ringBytes;
    this.packetSize = packetSize;
    this.#maxStreams = maxStreams ?? DEFAULT_MAX_STREAMS;
    this.#now = now ?? nowMicroseconds;
    this.#store = Buffer.alloc(ringBytes);
  }

  /** Sequence of the earliest packet in the ring; `end` where there is none. */
  get first(): number {
    return this.#first;
  }

  /** The sequence that the next packet will get. */
  get end(): number {
    return this.#end;
  }

  /** How many packets the ring holds. */
  get packets(): number {
    return this.#end - this.#first;
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
    dataStart: number,
    dataEnd: number,
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
    const header = packetHeader({ streamId, packetId, packetTime, dataStart, dataEnd }, payload.length);
    const length = PREHEADER + header.length + payload.length;
    const offset = this.#reserve(length);
    this.#store[offset] = 0x44;
    this.#store[offset + 1] = 0x4c;
    this.#store[offset + 2] = header.length;
    this.#store.write(header, offset + PREHEADER, "latin1");
    this.#store.set(payload, offset + PREHEADER + header.length);
    this.#head = offset + length;
    this.#enter(streamId, packetId, dataEnd, offset, length);
    return packetId;
  }

  /** Sequence of the packet with this id, or `undefined` where the ring does not hold it. */
  sequenceOf(packetId: bigint): number | undefined {
    let low = this.#first;
    let high = this.#end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.idAt(middle) < packetId) low = middle + 1;
      else high = middle;
    }
    return low < this.#end && this.idAt(low) === packetId ? low : undefined;
  }

  idAt(sequence: number): bigint {
    return this.#ids[this.#at(sequence)]!;
  }

  /** Time of the packet's last sample, in microseconds since 1970. */
  dataEndAt(sequence: number): number {
    return this.#dataEnds[this.#at(sequence)]!;
  }

  streamAt(sequence: number): RingStream {
    return this.#streamsBySlot[this.#slots[this.#at(sequence)]!]!;
  }

  /** Place of the packet's frame in the store; frames that touch there may be copied in one piece. */
  offsetAt(sequence: number): number {
    return this.#offsets[this.#at(sequence)]!;
  }

  /** Length of the packet's frame, in bytes. */
  lengthAt(sequence: number): number {
    return this.#lengths[this.#at(sequence)]!;
  }

  /** Copies the frame or frames that lie at an offset of the store into `target`; returns the bytes copied. */
  copy(offset: number, length: number, target: Buffer, targetOffset: number): number {
    return this.#store.copy(target, targetOffset, offset, offset + length);
  }

  /** The packet at a sequence that the ring holds, its payload a copy. */
  packetAt(sequence: number): Packet {
    const frame = Buffer.allocUnsafe(this.lengthAt(sequence));
    this.copy(this.offsetAt(sequence), frame.length, frame, 0);
    const reader = new FrameReader(parseReplyHeader, this.packetSize);
    reader.push(frame);
    const { streamId, packetId, packetTime, dataStart, dataEnd, payload } = reader.next() as PacketReply;
    return { streamId, packetId, packetTime, dataStart, dataEnd, payload };
  }

  #at(sequence: number): number {
    return sequence & (this.#capacity - 1);
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

  /** Makes room for a frame, which never wraps around the end of the store. */
  #reserve(length: number): number {
    if (this.#head + length > this.ringBytes) {
      while (this.packets > 0 && this.offsetAt(this.#first) >= this.#head) this.#evict();
      this.#head = 0;
    }
    const limit = this.#head + length;
    while (this.packets > 0) {
      const oldest = this.offsetAt(this.#first);
      if (oldest < this.#head || oldest >= limit) break;
      this.#evict();
    }
    return this.#head;
  }

  #evict(): void {
    const stream = this.streamAt(this.#first);
    stream.packets--;
    if (stream.packets === 0) {
      this.streams.delete(stream.streamId);
      this.#freeSlots.push(stream.slot);
    } else {
      stream.earliest += this.#steps[this.#at(this.#first)]!;
    }
    this.#first++;
  }

  /** Writes the packet down in the index, at the end. */
  #enter(streamId: string, packetId: bigint, dataEnd: number, offset: number, length: number): void {
    if (this.packets === this.#capacity) {
      if (this.#capacity * BYTES_PER_ENTRY < this.ringBytes) this.#grow();
      else this.#evict();
    }
    const sequence = this.#end;
    const at = this.#at(sequence);
    this.#offsets[at] = offset;
    this.#lengths[at] = length;
    this.#ids[at] = packetId;
    this.#dataEnds[at] = dataEnd;
    // Only now: making room may have evicted the stream's last packet.
    const stream = this.streams.get(streamId);
    if (stream) {
      this.#steps[this.#at(stream.latest)] = sequence - stream.latest;
      stream.latest = sequence;
      stream.packets++;
    }
    this.#slots[at] = stream ? stream.slot : this.#addStream(streamId, sequence);
    this.#end++;
    this.#latestId = packetId;
  }

  #addStream(streamId: string, sequence: number): number {
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
    return slot;
  }

  #grow(): void {
    const sizes = { from: this.#capacity, to: this.#capacity * 2, first: this.#first, end: this.#end };
    this.#offsets = spread(this.#offsets, new Uint32Array(sizes.to), sizes);
    this.#lengths = spread(this.#lengths, new Uint32Array(sizes.to), sizes);
    this.#ids = spread(this.#ids, new BigUint64Array(sizes.to), sizes);
    this.#dataEnds = spread(this.#dataEnds, new Float64Array(sizes.to), sizes);
    this.#slots = spread(this.#slots, new Uint32Array(sizes.to), sizes);
    this.#steps = spread(this.#steps, new Uint32Array(sizes.to), sizes);
    this.#capacity = sizes.to;
  }
}

/** Bytes of the ring's store that one packet needs at most. */
export function largestFrame(packetSize: number): number {
  return PREHEADER + MAX_HEADER + packetSize;
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

interface Table {
  set(source: this, offset: number): void;
  subarray(start: number, end: number): this;
}

/** Moves a full circular table into a larger one, so that sequences find their place by the new capacity. */
function spread<T extends Table>(
  table: T,
  larger: T,
  sizes: { from: number; to: number; first: number; end: number },
): T {
  const { from, to, first } = sizes;
  const split = first & (from - 1);
  const target = first & (to - 1);
  // The run from `first` to the table's end, then the rest from its start; the larger table has room behind both.
  larger.set(table.subarray(split, from), target);
  larger.set(table.subarray(0, split), (target + (from - split)) & (to - 1));
  return larger;
}

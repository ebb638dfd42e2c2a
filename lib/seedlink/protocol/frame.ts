/**
 * SeedLink's framing: lines of text while commands are answered, packets while data flow. Sans-I/O. What arrives is cut
 * into messages whatever pieces it comes in; no memory is taken for a length before that length has been looked at.
 *
 * - protocol 3: `SL`, six hexadecimal digits, a miniSEED record; `SLINFO *` or `SLINFO  ` and a record with text in it;
 * - protocol 4: `SE`, format, subformat, u32 payload length, u64 sequence, u8 length of the station id, the id, payload;
 * - both: `END` without a line end, or a refusal, between packets.
 */
import { toLatin1, toText } from "../../bytes.ts";
import { TextCache } from "../../text-cache.ts";
import { ByteQueue } from "./byte-queue.ts";
import { SeedLinkError } from "./errors.ts";
import { DEFAULT_RECORD_LENGTH, recordLength } from "./record-length.ts";
import { MAX_LINE, parseReply, type Reply } from "./replies.ts";

/** Version of the protocol that frames are read by. */
export type Protocol = 3 | 4;

/** A packet of data. */
export interface DataFrame {
  readonly kind: "data";
  /** Of protocol 3: 24 bits. */
  readonly sequence: bigint;
  /** `2` miniSEED 2, `3` miniSEED 3, `J` JSON, `X` XML; empty in protocol 3, which has records only. */
  readonly format: string;
  readonly subformat: string;
  /** `NET_STA`; empty in protocol 3. */
  readonly station: string;
  /** A view into received bytes. */
  readonly payload: Buffer;
}

/** An answer to INFO, or in protocol 3 a piece of one. */
export interface InfoFrame {
  readonly kind: "info";
  readonly protocol: Protocol;
  readonly isLast: boolean;
  /** JSON (protocol 4), or a record with XML in it. */
  readonly payload: Buffer;
  /** Whether protocol 4 says that it is about an error. */
  readonly isError: boolean;
}

export type Frame =
  | DataFrame
  | InfoFrame
  /** The server has sent all that was asked for. */
  | { readonly kind: "end" }
  | { readonly kind: "refusal"; readonly reply: Reply };

export interface FrameLimits {
  /** Largest packet of data, in bytes. */
  readonly maxPayload: number;
  /** Largest answer of protocol 4 to INFO, in bytes. */
  readonly maxInfo: number;
}

const HEADER_3 = 8;
const HEADER_4 = 17;
const LF = 0x0a;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

const END: Frame = { kind: "end" };

export class FrameReader {
  readonly #bytes = new ByteQueue();
  readonly #limits: FrameLimits;
  /** How many bytes must be there before the next frame can be read on. */
  #needed = 3;
  readonly #stations = new TextCache((name) => utf8.decode(name));

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** Bytes that were pushed and not yet given out. */
  get buffered(): number {
    return this.#bytes.length;
  }

  /** Takes the next piece of what arrives. It may not be copied: the caller must not write into it afterwards. */
  push(piece: Buffer): void {
    this.#bytes.push(piece);
  }

  /**
   * The next line without its line end, or `undefined` until it is whole. Lines end with LF: within a refusal of
   * protocol 3 there is a CR.
   *
   * @throws SeedLinkError `PROTOCOL` where the line is longer than any
   */
  nextLine(): string | undefined {
    const end = this.#bytes.indexOf(LF, MAX_LINE);
    if (end >= 0) return toText(this.#bytes.take(end + 1), 0, end).replace(/\r$/, "");
    if (this.#bytes.length < MAX_LINE) return undefined;
    throw new SeedLinkError("PROTOCOL", `the server sent a line of more than ${MAX_LINE} bytes`);
  }

  /**
   * A refusal that has no line end: some servers cut it off. To be asked for when the server has been silent for a while.
   */
  unfinishedRefusal(): Reply | undefined {
    const { length } = this.#bytes;
    if (length < 5 || length > MAX_LINE) return undefined;
    const isError = [0x45, 0x52, 0x52, 0x4f, 0x52].every((byte, i) => this.#bytes.at(i) === byte);
    return isError ? parseReply(toText(this.#bytes.take(length))) : undefined;
  }

  /**
   * The next whole frame, or `undefined` until more is pushed.
   *
   * @throws SeedLinkError `PROTOCOL` where it is not SeedLink, `TOO_LARGE` where a packet would exceed the limit. What
   * follows cannot be read after either: close the connection.
   */
  nextFrame(): Frame | undefined {
    if (this.#bytes.length < this.#needed) return undefined;
    const frame = this.#read();
    if (frame !== undefined) this.#needed = 3;
    return frame;
  }

  #read(): Frame | undefined {
    const [first, second, third] = [this.#bytes.at(0), this.#bytes.at(1), this.#bytes.at(2)];
    if (first === 0x53 && second === 0x45) return this.#read4();
    if (first === 0x53 && second === 0x4c) return this.#read3();
    if (first === 0x45 && second === 0x4e && third === 0x44) {
      this.#bytes.take(3);
      return END;
    }
    if (first === 0x45 && second === 0x52) return this.#readRefusal();
    throw new SeedLinkError(
      "PROTOCOL",
      `the server sent the bytes ${hex(first)} ${hex(second)} ${hex(third)} where a packet should begin`,
    );
  }

  #readRefusal(): Frame | undefined {
    const line = this.nextLine();
    return line === undefined ? undefined : { kind: "refusal", reply: parseReply(line) };
  }

  #wait(bytes: number): undefined {
    this.#needed = bytes;
    return undefined;
  }

  #read4(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < HEADER_4) return this.#wait(HEADER_4);
    const format = String.fromCharCode(bytes.at(2));
    const subformat = String.fromCharCode(bytes.at(3));
    const size = uint32(bytes, 4);
    const idSize = bytes.at(16);
    const isInfo = idSize === 0 && format === "J" && (subformat === "I" || subformat === "E");
    if (isInfo) this.#check(size, this.#limits.maxInfo, "INFO");
    else this.#check(size, this.#limits.maxPayload, `packet ${uint64(bytes, 8)}`);
    const whole = HEADER_4 + idSize + size;
    if (bytes.length < whole) return this.#wait(whole);
    const sequence = uint64(bytes, 8);
    bytes.skip(HEADER_4);
    const station = bytes.takeText(idSize, this.#stations);
    const payload = bytes.take(size);
    if (isInfo) return { kind: "info", protocol: 4, isLast: true, payload, isError: subformat === "E" };
    return { kind: "data", sequence, format, subformat, station, payload };
  }

  #read3(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < HEADER_3) return this.#wait(HEADER_3);
    const isInfo = bytes.at(2) === 0x49;
    const size = isInfo ? DEFAULT_RECORD_LENGTH : recordLength(bytes, HEADER_3);
    if (size < 0) return this.#wait(HEADER_3 - size);
    this.#check(size, this.#limits.maxPayload, "a record");
    if (bytes.length < HEADER_3 + size) return this.#wait(HEADER_3 + size);
    if (isInfo) return infoFrame3(toLatin1(bytes.take(HEADER_3), 0, HEADER_3), bytes.take(size));
    const sequence = sequence3(bytes);
    if (sequence < 0) throw badHeader(toLatin1(bytes.take(HEADER_3), 0, HEADER_3));
    bytes.skip(HEADER_3);
    const payload = bytes.take(size);
    return { kind: "data", sequence: BigInt(sequence), format: "", subformat: "", station: "", payload };
  }

  #check(size: number, limit: number, what: string): void {
    if (size <= limit) return;
    throw new SeedLinkError(
      "TOO_LARGE",
      `the server announced ${what} with ${size} bytes; the limit is ${limit}`,
    );
  }
}

function infoFrame3(header: string, payload: Buffer): InfoFrame {
  if (!header.startsWith("SLINFO")) throw badHeader(header);
  return { kind: "info", protocol: 3, isLast: header[7] !== "*", payload, isError: false };
}

/** The number in the header of a packet; -1 where it is not six hexadecimal digits. */
function sequence3(bytes: ByteQueue): number {
  let sequence = 0;
  for (let i = 2; i < HEADER_3; i++) {
    const digit = hexDigit(bytes.at(i));
    if (digit < 0) return -1;
    sequence = sequence * 16 + digit;
  }
  return sequence;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function badHeader(header: string): SeedLinkError {
  const shown = header.replace(/[^\x20-\x7e]/g, "?");
  return new SeedLinkError(
    "PROTOCOL",
    `the server sent the packet header "${shown}", which has no sequence number`,
  );
}

function uint32(bytes: ByteQueue, at: number): number {
  return bytes.at(at) + bytes.at(at + 1) * 0x100 + bytes.at(at + 2) * 0x10000 + bytes.at(at + 3) * 0x1000000;
}

function uint64(bytes: ByteQueue, at: number): bigint {
  const [low, high] = [uint32(bytes, at), uint32(bytes, at + 4)];
  return high === 0 ? BigInt(low) : BigInt(low) + (BigInt(high) << 32n);
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

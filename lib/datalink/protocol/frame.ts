/**
 * DataLink's framing: `D` `L`, one byte of header length, the header text, then as many bytes of payload as the
 * header's own grammar says. Sans-I/O; the client reads replies and the server reads commands with the same reader.
 */
import { allocateBytes, byteLength, toLatin1, writeText } from "../../bytes.ts";
import { DataLinkError } from "./errors.ts";

/** Longest header text, in bytes. */
export const MAX_HEADER = 255;

/** Bytes before the header text: `D`, `L`, and its length. */
export const PREHEADER = 3;

const D = 0x44;
const L = 0x4c;
const EMPTY = allocateBytes(0);

/** What a header says: at least how many bytes of payload follow it. The reader sets `payload` when they are there. */
export interface Framed {
  readonly size: number;
  payload: Buffer;
}

/** Reads one header, `bytes` from `start` to before `end`. Throws `DataLinkError` (`PROTOCOL`) where it makes no sense. */
export type HeaderParser<Message extends Framed> = (bytes: Buffer, start: number, end: number) => Message;

/**
 * One frame, header and payload in one piece: they must leave in one write, because some servers (ringserver 4.5)
 * drop a connection on which the payload came in a later segment than its header.
 *
 * @throws DataLinkError `INVALID_ARGUMENT` where the header is empty or longer than 255 bytes.
 */
export function encodeFrame(header: string, payload?: Uint8Array): Buffer {
  const headerSize = byteLength(header);
  if (headerSize === 0 || headerSize > MAX_HEADER) {
    throw new DataLinkError(
      "INVALID_ARGUMENT",
      `A DataLink header has 1 to ${MAX_HEADER} bytes, this one would have ${headerSize}: shorten it (${header.slice(0, 60)}…).`,
    );
  }
  const frame = allocateBytes(PREHEADER + headerSize + (payload?.length ?? 0));
  frame[0] = D;
  frame[1] = L;
  frame[2] = headerSize;
  writeText(frame, header, PREHEADER);
  if (payload) frame.set(payload, PREHEADER + headerSize);
  return frame;
}

/**
 * Cuts a byte stream into messages, whatever pieces it arrives in. A message that lies within one piece is a view of
 * it; only one that straddles pieces is copied together.
 */
export class FrameReader<Message extends Framed> {
  readonly #parse: HeaderParser<Message>;
  readonly #maxPayload: number;
  /** Pieces not read yet; the first one from `#offset` on. */
  #pieces: Buffer[] = [];
  #offset = 0;
  #available = 0;
  /** A header whose payload has not arrived yet. */
  #open: Message | undefined;

  /** @param maxPayload the largest payload, in bytes, that a header may announce. */
  constructor(parse: HeaderParser<Message>, maxPayload: number) {
    this.#parse = parse;
    this.#maxPayload = maxPayload;
  }

  /** Bytes that were pushed and not yet given out as messages. */
  get buffered(): number {
    return this.#available;
  }

  /** Takes the next piece of the byte stream. It is not copied: the caller must not write into it afterwards. */
  push(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece);
    this.#available += piece.length;
  }

  /**
   * The next whole message, or `undefined` until more bytes are pushed.
   *
   * @throws DataLinkError `PROTOCOL` where the bytes are not DataLink, `TOO_LARGE` where a payload would exceed the
   * limit. The stream cannot be read on after either: close it.
   */
  next(): Message | undefined {
    const message = this.#open ?? this.#nextHeader();
    if (message === undefined) return undefined;
    if (this.#available < message.size) {
      this.#open = message;
      return undefined;
    }
    this.#open = undefined;
    if (message.size > 0) message.payload = this.#take(message.size);
    return message;
  }

  #nextHeader(): Message | undefined {
    if (this.#available === 0) return undefined;
    const first = this.#pieces[0]!;
    const start = this.#offset;
    if (first.length - start > PREHEADER) {
      this.#checkMagic(first[start]!, first[start + 1]!);
      const end = start + PREHEADER + first[start + 2]!;
      if (end <= first.length) {
        const message = this.#parseHeader(first, start + PREHEADER, end);
        this.#skip(end - start);
        return message;
      }
    }
    return this.#nextStraddlingHeader();
  }

  #nextStraddlingHeader(): Message | undefined {
    this.#checkMagic(this.#peek(0), this.#available > 1 ? this.#peek(1) : L);
    if (this.#available < PREHEADER) return undefined;
    const size = PREHEADER + this.#peek(2);
    if (this.#available < size) return undefined;
    return this.#parseHeader(this.#take(size), PREHEADER, size);
  }

  #parseHeader(bytes: Buffer, start: number, end: number): Message {
    if (end === start)
      throw new DataLinkError("PROTOCOL", "The peer sent a DataLink packet without a header.");
    const message = this.#parse(bytes, start, end);
    if (message.size > this.#maxPayload) {
      throw new DataLinkError(
        "TOO_LARGE",
        `The peer announced ${message.size} bytes (${toLatin1(bytes, start, Math.min(end, start + 80))}); ` +
          `the limit is ${this.#maxPayload}.`,
      );
    }
    return message;
  }

  #checkMagic(first: number, second: number): void {
    if (first === D && second === L) return;
    throw new DataLinkError(
      "PROTOCOL",
      `The peer does not speak DataLink: a packet begins with the bytes 44 4C ("DL"), not ${hex(first)} ${hex(second)}. ` +
        "Check that host and port are those of a DataLink server, and whether the port expects TLS or WebSocket.",
    );
  }

  /** The byte `ahead` bytes from here; only called with fewer than `#available`. */
  #peek(ahead: number): number {
    let index = this.#offset + ahead;
    for (const piece of this.#pieces) {
      if (index < piece.length) return piece[index]!;
      index -= piece.length;
    }
    return 0;
  }

  /** The next `size` bytes, at most `#available`: a view where they lie in one piece, else a copy. */
  #take(size: number): Buffer {
    if (size === 0) return EMPTY;
    const first = this.#pieces[0]!;
    const start = this.#offset;
    if (first.length - start >= size) {
      this.#skip(size);
      return first.subarray(start, start + size);
    }
    const joined = allocateBytes(size);
    let filled = 0;
    let used = 0;
    let offset = start;
    while (filled < size) {
      const piece = this.#pieces[used]!;
      const copied = Math.min(piece.length - offset, size - filled);
      joined.set(piece.subarray(offset, offset + copied), filled);
      filled += copied;
      offset += copied;
      if (offset === piece.length) {
        used++;
        offset = 0;
      }
    }
    this.#pieces.splice(0, used);
    this.#offset = offset;
    this.#available -= size;
    return joined;
  }

  /** Passes over bytes that lie in the first piece. */
  #skip(size: number): void {
    this.#offset += size;
    this.#available -= size;
    if (this.#offset === this.#pieces[0]!.length) {
      this.#pieces.shift();
      this.#offset = 0;
    }
  }
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

/**
 * One line of a JSON Lines file (jsonlines.org) from a JSON document in UTF-8. Works on the bytes: numbers, order of
 * keys and escapes stay exactly as they were, which parsing and writing anew would not guarantee.
 */
import { isUtf8 } from "node:buffer";
import { ArchiveError } from "./errors.ts";

/** How deep objects and arrays may lie within each other, by default: readers written recursively fail near 1,000. */
export const MAX_DEPTH = 512;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The document without a line break: the same bytes (a view, without white space around them) where it has none, and
 * otherwise without any white space between its tokens. A byte order mark before it is left out (RFC 8259, section 8.1).
 *
 * @throws ArchiveError `INVALID_JSON`, naming the byte, for what RFC 8259 does not allow, for invalid UTF-8, and for
 * objects and arrays deeper than `maxDepth`.
 */
export function jsonLine(document: Uint8Array, maxDepth: number = MAX_DEPTH): Uint8Array {
  if (!isUtf8(document)) throw new ArchiveError("INVALID_JSON", "it is not valid UTF-8");
  const scanner = new Scanner(document, maxDepth);
  scanner.run();
  return scanner.breaks
    ? compact(document, scanner.start, scanner.end)
    : document.subarray(scanner.start, scanner.end);
}

/** Reads one document of RFC 8259 and remembers where it lies and whether it has line breaks. */
class Scanner {
  readonly #bytes: Uint8Array;
  readonly #maxDepth: number;
  #at = 0;
  /** For each open array or object, the byte that closes it. */
  readonly #open: number[] = [];
  start = 0;
  end = 0;
  breaks = false;

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = bytes;
    this.#maxDepth = maxDepth;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#at = 3;
  }

  run(): void {
    this.#skipSpace();
    this.start = this.#at;
    // Line breaks before the document are not part of it.
    this.breaks = false;
    do this.#value();
    while (this.#afterValue());
    this.end = this.#at;
    const { breaks } = this;
    this.#skipSpace();
    this.breaks = breaks;
    if (this.#at < this.#bytes.length) throw this.#unexpected("the end");
  }

  /** A scalar, an empty array or object, or the beginning of one that is not empty up to its first value. */
  #value(): void {
    for (;;) {
      switch (this.#bytes[this.#at]) {
        case OPEN_OBJECT:
          if (this.#enter(CLOSE_OBJECT)) return;
          this.#key();
          continue;
        case OPEN_ARRAY:
          if (this.#enter(CLOSE_ARRAY)) return;
          continue;
        case QUOTE:
          this.#string();
          return;
        case 0x74:
          this.#word("true");
          return;
        case 0x66:
          this.#word("false");
          return;
        case 0x6e:
          this.#word("null");
          return;
        default:
          this.#number();
          return;
      }
    }
  }

  /** Goes into an array or object; `true` if it was empty and is closed again. */
  #enter(close: number): boolean {
    this.#at++;
    this.#skipSpace();
    if (this.#bytes[this.#at] === close) {
      this.#at++;
      return true;
    }
    if (this.#open.length === this.#maxDepth) {
      throw new ArchiveError(
        "INVALID_JSON",
        `it nests deeper than ${this.#maxDepth} levels at byte ${this.#at}`,
      );
    }
    this.#open.push(close);
    return false;
  }

  /** Behind a value: closes what ends here; `true` if another value follows, `false` at the end of the document. */
  #afterValue(): boolean {
    for (let close = this.#open.at(-1); close !== undefined; close = this.#open.at(-1)) {
      this.#skipSpace();
      const byte = this.#bytes[this.#at];
      if (byte === COMMA) {
        this.#at++;
        this.#skipSpace();
        if (close === CLOSE_OBJECT) this.#key();
        return true;
      }
      if (byte !== close) throw this.#unexpected(close === CLOSE_OBJECT ? "a comma or }" : "a comma or ]");
      this.#at++;
      this.#open.pop();
    }
    return false;
  }

  #key(): void {
    if (this.#bytes[this.#at] !== QUOTE) throw this.#unexpected("a name in quotes");
    this.#string();
    this.#skipSpace();
    if (this.#bytes[this.#at] !== COLON) throw this.#unexpected("a colon");
    this.#at++;
    this.#skipSpace();
  }

  #string(): void {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    for (; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === QUOTE) {
        this.#at = at + 1;
        return;
      }
      if (byte === BACKSLASH) {
        at = this.#escape(at + 1);
      } else if (byte < 0x20) {
        break;
      }
    }
    this.#at = at;
    throw this.#unexpected("the rest of a string");
  }

  /** The last byte of the escape whose letter lies at `at`. */
  #escape(at: number): number {
    const letter = this.#bytes[at];
    if (letter === 0x75) {
      for (let i = 1; i <= 4; i++) {
        if (isHexDigit(this.#bytes[at + i])) continue;
        this.#at = at + i;
        throw this.#unexpected("a hexadecimal digit");
      }
      return at + 4;
    }
    // " \ / b f n r t
    if (letter === QUOTE || letter === BACKSLASH || letter === 0x2f || letter === 0x62) return at;
    if (letter === 0x66 || letter === 0x6e || letter === 0x72 || letter === 0x74) return at;
    this.#at = at;
    throw this.#unexpected("an escape of JSON");
  }

  #number(): void {
    const bytes = this.#bytes;
    if (bytes[this.#at] === 0x2d) this.#at++;
    if (bytes[this.#at] === 0x30) this.#at++;
    else this.#digits("a value");
    if (bytes[this.#at] === 0x2e) {
      this.#at++;
      this.#digits("a digit");
    }
    const exponent = bytes[this.#at];
    if (exponent === 0x65 || exponent === 0x45) {
      this.#at++;
      const sign = bytes[this.#at];
      if (sign === 0x2b || sign === 0x2d) this.#at++;
      this.#digits("a digit");
    }
  }

  #digits(expected: string): void {
    const first = this.#at;
    while (isDigit(this.#bytes[this.#at])) this.#at++;
    if (this.#at === first) throw this.#unexpected(expected);
  }

  #word(word: string): void {
    for (let i = 0; i < word.length; i++, this.#at++) {
      if (this.#bytes[this.#at] !== word.charCodeAt(i)) throw this.#unexpected("a value");
    }
  }

  #skipSpace(): void {
    for (; this.#at < this.#bytes.length; this.#at++) {
      const byte = this.#bytes[this.#at]!;
      if (byte === 0x0a || byte === 0x0d) this.breaks = true;
      else if (byte !== 0x20 && byte !== 0x09) return;
    }
  }

  #unexpected(expected: string): ArchiveError {
    const byte = this.#bytes[this.#at];
    const found = byte === undefined ? "its end" : `byte ${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    return new ArchiveError(
      "INVALID_JSON",
      `it is not JSON: ${found} at ${this.#at} where ${expected} belongs`,
    );
  }
}

/** Leaves out the white space between the tokens of a valid document. */
function compact(document: Uint8Array, start: number, end: number): Uint8Array {
  const line = Buffer.allocUnsafe(end - start);
  let length = 0;
  let inString = false;
  for (let at = start; at < end; at++) {
    const byte = document[at]!;
    if (inString) {
      if (byte === QUOTE) inString = false;
      else if (byte === BACKSLASH) line[length++] = document[at++]!;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) {
      continue;
    }
    line[length++] = document[at]!;
  }
  return line.subarray(0, length);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number | undefined): boolean {
  return isDigit(byte) || (byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

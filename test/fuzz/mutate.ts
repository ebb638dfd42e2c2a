// Inputs made wrong at random: pieces of good ones with changes, and sentences of words that a grammar knows.
import { pick, type Random, several } from "./random.ts";

/** Longer ones only take longer. */
const MAX_BYTES = 1 << 17;

/** Numbers that readers of text stumble over. */
const NUMBERS = [
  "0",
  "-1",
  "1",
  "00",
  "255",
  "256",
  "65535",
  "65536",
  "2147483648",
  "4294967295",
  "4294967296",
];
const LARGE_NUMBERS = [
  "9007199254740993",
  "9223372036854775808",
  "18446744073709551615",
  "99999999999999999999",
];
const ODD_NUMBERS = ["1e400", "1e-400", "-0", "0x10", "1.5", "NaN", "Infinity", "", " ", "١"];
const ODD_BYTES = [0, 1, 9, 10, 13, 32, 34, 39, 47, 60, 62, 92, 127, 128, 0xc3, 0xed, 0xf4, 0xff];

/** One to eight changes to one of the pool; `words` are what the format itself is made of. */
export function mutateBytes(
  pool: readonly Uint8Array[],
  random: Random,
  words: readonly (string | Uint8Array)[] = [],
): Buffer {
  let bytes: Buffer = Buffer.from(pick(pool, random));
  for (let changes = random(9); changes > 0; changes--) bytes = change(bytes, pool, random, words);
  return bytes.subarray(0, MAX_BYTES);
}

/** The same for text, in which bytes that are not UTF-8 become U+FFFD or letters of Latin-1. */
export function mutateText(pool: readonly string[], random: Random, words: readonly string[] = []): string {
  const bytes = mutateBytes(
    pool.map((text) => Buffer.from(text)),
    random,
    words,
  );
  return bytes.toString(random(3) === 0 ? "latin1" : "utf8");
}

/** Words in any order, mostly without anything between them. */
export function sentence(words: readonly string[], most: number, random: Random): string {
  return several(most, random, () => pick(words, random)).join("");
}

function change(
  bytes: Buffer,
  pool: readonly Uint8Array[],
  random: Random,
  words: readonly (string | Uint8Array)[],
): Buffer {
  const at = random(bytes.length + 1);
  const length = random(random(2) === 0 ? 8 : bytes.length + 1);
  switch (random(12)) {
    case 0:
      return set(bytes, at, random(256));
    case 1:
      return set(bytes, at, pick(ODD_BYTES, random));
    case 2:
      return set(bytes, at, (bytes[at] ?? 0) ^ (1 << random(8)));
    case 3:
      return bytes.subarray(0, at);
    case 4:
      return replace(bytes, at, length, EMPTY);
    case 5:
      return replace(bytes, at, 0, bytes.subarray(at, at + length));
    case 6:
      return repeat(bytes, at, length, random);
    case 7: {
      const other = Buffer.from(pick(pool, random));
      return replace(bytes, at, bytes.length, other.subarray(random(other.length + 1)));
    }
    case 8:
      return Buffer.concat([bytes, pick(pool, random)]);
    case 9:
      return replace(bytes, at, random(2) === 0 ? 0 : length, wordOf(words, random));
    default:
      return changeNumber(bytes, random);
  }
}

const EMPTY = Buffer.alloc(0);

function set(bytes: Buffer, at: number, value: number): Buffer {
  if (at < bytes.length) bytes[at] = value;
  return bytes;
}

/** The first bytes of it stay the same. */
function replace(bytes: Buffer, at: number, length: number, by: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)]).subarray(0, MAX_BYTES);
}

function repeat(bytes: Buffer, at: number, length: number, random: Random): Buffer {
  const piece = bytes.subarray(at, at + Math.min(length, 64));
  const times = random(10) === 0 ? 2000 : random(20);
  return replace(bytes, at, 0, Buffer.concat(Array.from({ length: times }, () => piece)));
}

function wordOf(words: readonly (string | Uint8Array)[], random: Random): Uint8Array {
  const word = words.length === 0 ? String(random(1000)) : pick(words, random);
  return typeof word === "string" ? Buffer.from(word) : word;
}

/** Another number in the place of one that is there in digits. */
function changeNumber(bytes: Buffer, random: Random): Buffer {
  const numbers = [...bytes.toString("latin1").matchAll(/\d+/g)];
  if (numbers.length === 0) return bytes;
  const found = pick(numbers, random);
  const by = pick(pick([NUMBERS, LARGE_NUMBERS, ODD_NUMBERS], random), random);
  return replace(bytes, found.index, found[0].length, Buffer.from(by));
}

/** The bytes in pieces, cut at up to eight places. */
export function inPieces(bytes: Buffer, random: Random): Buffer[] {
  const places = several(8, random, () => random(bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...places].map((start, i) => Buffer.from(bytes.subarray(start, places[i] ?? bytes.length)));
}

/**
 * How a log of checksummed entries looks in its file: a title, then entries, each behind a mark, its length and its CRC-32
 * (little-endian). The mark is eight random bytes that stand behind the title: what an entry holds cannot be taken for
 * one, whoever wrote it, and behind damage the next whole entry is found. Logs of version 0.1.0, which had no such mark,
 * are still read and continued.
 */
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const MARK_BYTES = 8;
const LENGTH_AND_CHECKSUM = 8;

/** What a kind of log is called in its first line, and how its files looked before there were titles with a mark. */
export interface LogKind {
  /** The first words of the title; the version of the format follows. */
  readonly name: string;
  /** Bytes of the title that files of version 0.1.0 have, "" for none. */
  readonly oldTitle: string;
  /** What stood before each of their entries. */
  readonly oldMark: Buffer;
  /** Whether their lengths count the eight bytes of length and checksum, too. */
  readonly oldLengthCountsAll: boolean;
}

/** How the entries of one file look. */
export interface EntryFormat {
  /** Bytes before the first entry. */
  readonly start: number;
  readonly mark: Buffer;
  readonly lengthCountsAll: boolean;
}

/** Bytes at the beginning of a file that tell its format. */
export const HEAD_BYTES = 64;

/**
 * The beginning of a new log.
 *
 * @param mark that of the other files of this log; without it, a new one.
 */
export function newHead(kind: LogKind, mark?: Buffer): { head: Buffer; format: EntryFormat } {
  const own = mark?.length === MARK_BYTES ? mark : randomBytes(MARK_BYTES);
  const head = Buffer.concat([Buffer.from(titleOf(kind)), own]);
  return { head, format: formatAfter(titleOf(kind), head) };
}

/**
 * The format that the beginning of a file tells; `undefined` where it is not one of this kind, of a newer version, or
 * damaged.
 */
export function formatOf(kind: LogKind, head: Buffer): EntryFormat | undefined {
  const title = titleOf(kind);
  if (startsWith(head, title) && head.length >= title.length + MARK_BYTES) return formatAfter(title, head);
  // A log that had no title had anything but a title.
  const isOld = kind.oldTitle === "" ? !startsWith(head, `${kind.name} `) : startsWith(head, kind.oldTitle);
  return isOld ? oldFormat(kind) : undefined;
}

/**
 * The formats that a file may have whose title is damaged: it has one of them if a whole entry is found. None where the
 * title is that of a newer version.
 *
 * @param marks of other files of this log
 */
export function possibleFormats(kind: LogKind, head: Buffer, marks: readonly Buffer[]): EntryFormat[] {
  if (isNewer(kind, head)) return [];
  const start = titleOf(kind).length + MARK_BYTES;
  const first = Buffer.from(head.subarray(start, start + MARK_BYTES));
  const own = first.length === MARK_BYTES ? [first] : [];
  // Damage may have hit the first mark, too: those that other files tell come first.
  const formats = [...marks, ...own].map((mark) => ({ start, mark, lengthCountsAll: false }));
  return kind.oldMark.length > 0 ? [...formats, oldFormat(kind)] : formats;
}

/** Whether a file is one that was begun and not even got its whole head. */
export function isBarelyBegun(kind: LogKind, head: Buffer): boolean {
  const title = Buffer.from(titleOf(kind));
  const length = Math.min(head.length, title.length);
  return (
    head.length < title.length + MARK_BYTES && head.subarray(0, length).equals(title.subarray(0, length))
  );
}

/** Whether a file was written by a version of this program that is newer than this one. */
export function isNewer(kind: LogKind, head: Buffer): boolean {
  const text = head.toString("latin1");
  const version = text.startsWith(`${kind.name} `)
    ? /^\d+(?=\n)/.exec(text.slice(kind.name.length + 1))
    : null;
  return Number(version?.[0] ?? 0) > 2;
}

export function headerBytes({ mark }: EntryFormat): number {
  return mark.length + LENGTH_AND_CHECKSUM;
}

/** What stands before an entry. */
export function encodeHeader(format: EntryFormat, body: Buffer): Buffer {
  const header = Buffer.allocUnsafe(headerBytes(format));
  const at = format.mark.copy(header);
  header.writeUInt32LE(body.length + (format.lengthCountsAll ? LENGTH_AND_CHECKSUM : 0), at);
  header.writeUInt32LE(crc32(body), at + 4);
  return header;
}

/** The length and the checksum of the entry whose header lies at `at`; `undefined` where none does. */
export function decodeHeader(
  format: EntryFormat,
  bytes: Buffer,
  at: number,
): { length: number; checksum: number } | undefined {
  const { mark, lengthCountsAll } = format;
  if (mark.compare(bytes, at, at + mark.length) !== 0) return undefined;
  const length = bytes.readUInt32LE(at + mark.length) - (lengthCountsAll ? LENGTH_AND_CHECKSUM : 0);
  return length > 0 ? { length, checksum: bytes.readUInt32LE(at + mark.length + 4) } : undefined;
}

function titleOf({ name }: LogKind): string {
  return `${name} 2\n`;
}

function formatAfter(title: string, head: Buffer): EntryFormat {
  const start = title.length + MARK_BYTES;
  return { start, mark: Buffer.from(head.subarray(title.length, start)), lengthCountsAll: false };
}

function oldFormat({ oldTitle, oldMark, oldLengthCountsAll }: LogKind): EntryFormat {
  return { start: oldTitle.length, mark: oldMark, lengthCountsAll: oldLengthCountsAll };
}

function startsWith(head: Buffer, text: string): boolean {
  return head.toString("latin1", 0, text.length) === text;
}

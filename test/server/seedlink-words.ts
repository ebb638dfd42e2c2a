/** What a SeedLink server sends, as a list of words that tell packets and lines apart: for comparing two servers. */
import { createHash } from "node:crypto";
import { recordLength } from "../../lib/seedlink/protocol/record-length.ts";

/** Where the first frame ends; `undefined` where it is not whole. `inLines`: what is not a packet is a line. */
interface Piece {
  word: string;
  end: number;
}

/** Everything that was received; the rest that is not whole comes last. */
export function words(bytes: Buffer): string[] {
  const all: string[] = [];
  let xml = "";
  for (let at = 0; at < bytes.length; ) {
    const piece = next(bytes, at);
    at = piece.end;
    const info = /^SLINFO([ *]{2}) (\w+) (.*)$/s.exec(piece.word);
    if (!info) all.push(piece.word);
    else {
      xml += info[3]!;
      if (info[1] === " *") continue;
      all.push(`INFO ${info[2]} ${xml}`);
      xml = "";
    }
  }
  if (xml !== "") all.push(`INFO … ${xml}`);
  return all;
}

function next(bytes: Buffer, at: number): Piece {
  const head = bytes.toString("latin1", at, at + 8);
  if (head.startsWith("SE")) return packet4(bytes, at);
  if (head.startsWith("SLINFO")) return info3(bytes, at);
  if (/^SL[\dA-F]{6}$/.test(head)) return packet3(bytes, at);
  if (/^END(?!FETCH)/.test(head)) return { word: "END", end: at + 3 };
  const lineEnd = bytes.indexOf("\n", at);
  const end = lineEnd < 0 ? bytes.length : lineEnd + 1;
  return { word: bytes.toString("latin1", at, end), end };
}

function packet4(bytes: Buffer, at: number): Piece {
  const start = at + 17 + bytes[at + 16]!;
  const end = start + bytes.readUInt32LE(at + 4);
  const [format, station] = [
    bytes.toString("latin1", at + 2, at + 4),
    bytes.toString("latin1", at + 17, start),
  ];
  const payload = bytes.subarray(start, end);
  if (station === "" && format.startsWith("J")) return { word: `INFO ${format} ${payload.toString()}`, end };
  return { word: `SE${format} ${bytes.readBigUInt64LE(at + 8)} ${station} ${fingerprint(payload)}`, end };
}

function packet3(bytes: Buffer, at: number): Piece {
  const length = recordLength({ length: bytes.length, at: (index) => bytes[index]! }, at + 8);
  if (length <= 0) return { word: `incomplete ${bytes.subarray(at).toString("hex")}`, end: bytes.length };
  const end = at + 8 + length;
  return { word: `${bytes.toString("latin1", at, at + 8)} ${fingerprint(bytes.subarray(at + 8, end))}`, end };
}

function info3(bytes: Buffer, at: number): Piece {
  const [record, end] = [at + 8, at + 520];
  const length = bytes.readUInt16BE(record + 30);
  const text = bytes.toString("latin1", record + 56, record + 56 + length);
  return {
    word: `SLINFO${bytes.toString("latin1", at + 6, record)} ${bytes.toString("latin1", record + 15, record + 18)} ${text}`,
    end,
  };
}

/** Enough to tell payloads apart. */
export function fingerprint(payload: Buffer): string {
  return `${payload.length} ${createHash("sha1").update(payload).digest("hex").slice(0, 8)}`;
}

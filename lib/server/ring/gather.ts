/** Copies a reader's next packets out of the ring, many in one piece. */
import type { Ring } from "./ring.ts";
import type { Selection } from "./selection.ts";
import type { WriteBuffers } from "./write-buffers.ts";

/** Most packets looked at in one go, so that a reader that selects few of very many does not hold up the others. */
const MAX_SCANNED = 10_000;

export interface Gathered {
  /** Whole PACKET frames, ready to be sent; empty where none of the packets looked at is selected. */
  bytes: Buffer;
  packets: number;
  /** Sequence of the last packet in `bytes`, if there is any. */
  last: number;
  /** The sequence to go on with. */
  next: number;
}

const NOTHING = Buffer.alloc(0);

/** What a reader wants. */
export interface Wish {
  selection: Selection;
  /** Sequences: of the first packet, and behind the last one. */
  from: number;
  end: number;
  /** Bytes of frames, but at least one frame. */
  maxBytes: number;
  /** When to stop, by `performance.now()`, if patterns have to be asked about new streams. */
  until: number;
  /** Bytes to be put before a frame of this length, for transports that have their own framing. */
  prefix: ((length: number) => Buffer) | undefined;
  /** Where the memory comes from that the bytes are copied to, if it is to be given back. */
  buffers?: WriteBuffers;
}

/** Copies the packets out of the ring that fit the wish, all of which the ring must hold. */
export function gather(ring: Ring, wish: Wish): Gathered {
  const { selection, from, end, maxBytes, until, prefix } = wish;
  let limit = Math.min(end, from + MAX_SCANNED);
  // Runs of frames that touch in the store: offset and length in turn.
  const runs: number[] = [];
  let [total, packets, runEnd, last, next] = [0, 0, -1, -1, from];
  for (; next < limit; next++) {
    const { decisions } = selection;
    const selected = selection.has(ring.streamAt(next));
    if (selection.decisions !== decisions && performance.now() > until) limit = next + 1;
    if (!selected) continue;
    const length = ring.lengthAt(next);
    if (packets > 0 && total + length > maxBytes) break;
    const offset = ring.offsetAt(next);
    if (offset === runEnd && prefix === undefined) runs[runs.length - 1]! += length;
    else runs.push(offset, length);
    runEnd = offset + length;
    total += length;
    packets++;
    last = next;
  }
  return { bytes: packets > 0 ? copyRuns(ring, runs, total, wish) : NOTHING, packets, last, next };
}

function copyRuns(ring: Ring, runs: number[], total: number, { prefix, buffers }: Wish): Buffer {
  const prefixes: Buffer[] = [];
  let size = total;
  for (let i = 0; prefix && i < runs.length; i += 2) {
    const bytes = prefix(runs[i + 1]!);
    prefixes.push(bytes);
    size += bytes.length;
  }
  const target = buffers?.take(size) ?? Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for (let i = 0; i < runs.length; i += 2) {
    const head = prefixes[i / 2];
    if (head) filled += head.copy(target, filled);
    filled += ring.copy(runs[i]!, runs[i + 1]!, target, filled);
  }
  return target;
}

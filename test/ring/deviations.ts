/**
 * Where our server does not answer as ringserver 4.5.3 does, by the name of the transcript's row: why, and what it
 * answers, as latin1 text.
 */
export interface Deviation {
  reason: string;
  /** The answers, or the name of the row whose last answer is the same but for what varies. */
  recv: string[] | string;
  /** Where it is not as in the row. */
  closes?: boolean;
}

const ASCENDING = "packet ids only ascend and never wrap, so that every packet is found by its id";
const REAL_LIMIT = "the limit named is the real one, PACKETSIZE, and it is checked before the data is read";
const SENTINEL = "the numbers that ringserver uses inside for EARLIEST and LATEST mean nothing on the wire";

export const DEVIATIONS: Record<string, Deviation> = {
  "position-id-reserved-earliest": { reason: SENTINEL, recv: [error("Error positioning reader")] },
  "position-id-reserved-latest": { reason: SENTINEL, recv: [error("Error positioning reader")] },
  "match-6321-bytes": {
    reason: "the size of a pattern does not depend on the size of packets",
    recv: ["DL\x07OK 0 300 streams selected after match"],
    closes: false,
  },
  "info-connections-inline-expr": {
    reason: "a pattern in the header is taken, as libdali's programs send it",
    recv: "info-connections-matchexpr-none",
    closes: false,
  },
  "write-too-big-633": { reason: REAL_LIMIT, recv: [tooLarge(633)] },
  "write-too-big-513": { reason: REAL_LIMIT, recv: [tooLarge(513)] },
  "write-too-big-N": { reason: REAL_LIMIT, recv: [tooLarge(633)] },
  "write-pktid-zero": { reason: ASCENDING, recv: [notAbove(0, 21)], closes: true },
  "write-pktid-500-lower": { reason: ASCENDING, recv: [notAbove(500, 1001)], closes: true },
  "write-after-500": { reason: ASCENDING, recv: ["DL\tOK 1002 0"] },
  "write-pktid-dup": { reason: ASCENDING, recv: [notAbove(1000, 1002)], closes: true },
  "write-pktid-max": { reason: ASCENDING, recv: [tooHigh("18446744073709551605")], closes: true },
  "write-after-max": { reason: ASCENDING, recv: ["DL\tOK 1003 0"] },
  "write-pktid-reserved-none": { reason: ASCENDING, recv: [tooHigh("18446744073709551614")], closes: true },
  "write-pktid-reserved": { reason: ASCENDING, recv: [tooHigh("18446744073709551610")], closes: true },
  "write-after-reserved": { reason: ASCENDING, recv: ["DL\tOK 1004 0"] },
  "stream-stream-endstream-one-segment": {
    reason: "commands that arrive together are handled before packets are sent",
    recv: ["DL\x07OK 1 25Positioned to packet ID 1", "DL\tENDSTREAM"],
  },
};

function error(message: string): string {
  const header = `ERROR 0 ${message.length}`;
  return `DL${String.fromCharCode(header.length)}${header}${message}`;
}

function tooLarge(size: number): string {
  return error(`Packet size (${size}) is too large for ring, maximum is 512 bytes`);
}

function notAbove(id: number, latest: number): string {
  return error(`Packet ID ${id} is not above the latest one, ${latest}`);
}

function tooHigh(id: string): string {
  return error(`Packet ID ${id} is too large, maximum is 9223372036854775807`);
}

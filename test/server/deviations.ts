/**
 * Where our server does not answer as ringserver 4.5.3 does, by the name of the transcript's row: why, and what it
 * answers, as latin1 text.
 */
export interface Deviation {
  reason: string;
  /**
   * The answers; or, but for what varies, the name of the row whose last answer is the same, or what makes it of the
   * recorded one.
   */
  recv: string[] | string | ((recorded: string) => string);
  /** Where it is not as in the row. */
  closes?: boolean;
}

const ASCENDING = "packet ids only ascend and never wrap, so that every packet is found by its id";
const REAL_LIMIT = "the limit named is the real one, PACKETSIZE, and it is checked before the data is read";
const NO_PROGRAM = "users and tokens are checked by the server, there is no program that could fail";
const READ_TOO = "who may not stream may not READ, count or list either";
const LIBERAL = "a packet may come in any number of messages, and a message may hold any number of packets";
const STRICT = "what RFC 6455 forbids is refused with its own code, 1002";
const LONG_HEADERS = "headers may be longer, up to 8 KiB in all";
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
  "auth-jwt-ok": { reason: "the token of the recording is none", recv: [notAllowed()] },
  "auth-jwt-1012": { reason: "tokens may have up to 4095 bytes", recv: [notAllowed()] },
  "auth-unsupported": { reason: "one answer to one command", recv: [error("Unsupported AUTH type")] },
  "auth-program-fails": { reason: NO_PROGRAM, recv: [notAllowed(), id("AUTH")] },
  "auth-program-junk": { reason: NO_PROGRAM, recv: [notAllowed()] },
  "auth-program-timeout": { reason: NO_PROGRAM, recv: [notAllowed()] },
  "auth-limited-read-forbidden": {
    reason: READ_TOO,
    recv: ["DL\x07OK 0 25Authentication successful", error("Packet 2 not found in ring")],
  },
  "authreq-read": { reason: READ_TOO, recv: ["DL\x06OK 1 0", error("Packet 1 not found in ring")] },
  "authreq-info": {
    reason: READ_TOO,
    recv: (recorded) => recorded.replace(/SelectedStreams="1">.*<\/StreamList>/, 'SelectedStreams="0"/>'),
  },
  "authreq-match": { reason: READ_TOO, recv: ["DL\x07OK 0 300 streams selected after match"] },
  "ws-upgrade-mixed-case": {
    reason: "the protocol is named as it was asked for, which is what browsers compare",
    recv: [upgraded("datalink1.1")],
  },
  "ws-upgrade-user-agent": { reason: LONG_HEADERS, recv: [upgraded()], closes: false },
  "ws-upgrade-long-connection": { reason: LONG_HEADERS, recv: [upgraded()], closes: false },
  "ws-unmasked-id": { reason: STRICT, recv: [upgraded("DataLink1.1"), "\x88\x02\x03\xea"], closes: true },
  "ws-two-packets-one-frame": {
    reason: LIBERAL,
    recv: [upgraded("DataLink1.1"), message(id("WRITE")) + message(id("WRITE"))],
    closes: false,
  },
  "ws-packet-split-over-two-frames": {
    reason: LIBERAL,
    recv: [upgraded("DataLink1.1"), message(id("WRITE"))],
    closes: false,
  },
  "ws-match-data-second-frame": {
    reason: LIBERAL,
    recv: [upgraded("DataLink1.1"), message("DL\x07OK 2 302 streams selected after match")],
    closes: false,
  },
  "ws-fragmented": { reason: LIBERAL, recv: [upgraded("DataLink1.1"), message(id("WRITE"))], closes: false },
  "ws-continuation-with-fin": {
    reason: STRICT,
    recv: [upgraded("DataLink1.1"), "\x88\x02\x03\xea"],
    closes: true,
  },
  "ws-zero-length-plus-frame-one-segment": {
    reason: LIBERAL,
    recv: [upgraded("DataLink1.1"), message(id("WRITE"))],
    closes: false,
  },
  "ws-ping-126": { reason: STRICT, recv: [upgraded("DataLink1.1"), "\x88\x02\x03\xea"] },
  "ws-reserved-opcode": { reason: STRICT, recv: [upgraded("DataLink1.1"), "\x88\x02\x03\xea"] },
  "ws-rsv-bits": { reason: STRICT, recv: [upgraded("DataLink1.1"), "\x88\x02\x03\xea"], closes: true },
  "ws-payload-6321": {
    reason: "the size of a message does not depend on the size of packets",
    recv: [upgraded("DataLink1.1"), message("DL\x07OK 0 300 streams selected after match")],
    closes: false,
  },
  "stream-stream-endstream-one-segment": {
    reason: "commands that arrive together are handled before packets are sent",
    recv: ["DL\x07OK 1 25Positioned to packet ID 1", "DL\tENDSTREAM"],
  },
};

function id(flags: string): string {
  const text = `ID DataLink v1.1 (RingServer/4.5.3) :: DLPROTO:1.1 PACKETSIZE:512 ${flags}`;
  return `DL${String.fromCharCode(text.length)}${text}`;
}

/** What counts of a successful handshake. */
function upgraded(protocol = ""): string {
  const named = protocol && `\r\nSec-WebSocket-Protocol: ${protocol}`;
  return `HTTP/1.1 101 \r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=${named}\r\n\r\n`;
}

/** A short binary message. */
function message(frame: string): string {
  return `\x82${String.fromCharCode(frame.length)}${frame}`;
}

function error(message: string): string {
  const header = `ERROR 0 ${message.length}`;
  return `DL${String.fromCharCode(header.length)}${header}${message}`;
}

function notAllowed(): string {
  return error("Authentication failed, not allowed to connect");
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

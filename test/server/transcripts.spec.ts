/**
 * Our server against what ringserver 4.5.3 was seen to answer, byte by byte: the rows of vectors/ringserver-4.5.3.json, in
 * the order and from the state in which they were recorded. Where our server answers otherwise on purpose, the row
 * is in deviations.ts with the reason and with what ours answers.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import type { AccessOptions, Grant } from "../../lib/server/access/access.ts";
import { DataLinkServer, type DataLinkServerOptions } from "../../lib/server/server.ts";
import { DEVIATIONS, type Deviation } from "./deviations.ts";
import { RawPeer } from "./raw-peer.ts";

/** One connection: `recv[i]` is what came back after `send[i]`, both in hexadecimal. */
interface Row {
  group: string;
  name: string;
  send: string[];
  recv: string[];
  closes: boolean;
  deterministic: boolean;
  note: string;
}

const file = path.join(__dirname, "vectors", "ringserver-4.5.3.json");
const rows = (JSON.parse(readFileSync(file, "utf8")) as { rows: Row[] }).rows;

const SETTINGS: DataLinkServerOptions = {
  port: 0,
  ringBytes: 1_048_576,
  serverId: "Test Ring",
  software: "RingServer/4.5.3",
};

const tlsFile = (name: string) => readFileSync(path.join(__dirname, "..", "vectors", "tls", name));
const TLS = { key: tlsFile("key.pem"), cert: tlsFile("cert.pem") };

const T0 = 1_700_000_000_000_000;
const FIVE_PACKETS = [
  { streamId: "FDSN:XX_AAA_00_B_H_Z/MSEED", dataStart: T0, dataEnd: T0 + 9_999_999, payload: "packet-1" },
  { streamId: "FDSN:XX_AAA_00_B_H_N/MSEED", dataStart: T0, dataEnd: T0 + 9_999_999, payload: "packet-2" },
  {
    streamId: "FDSN:XX_BBB_00_B_H_Z/MSEED",
    dataStart: T0 + 1e7,
    dataEnd: T0 + 19_999_999,
    payload: "packet-3",
  },
  {
    streamId: "FDSN:XX_AAA_00_B_H_Z/MSEED",
    dataStart: T0 + 1e7,
    dataEnd: T0 + 19_999_999,
    payload: "packet-4",
  },
  { streamId: "XX_CCC/JSON", dataStart: T0 + 2e7, dataEnd: T0 + 2e7, payload: '{"n":5}' },
];

/**
 * How an open connection proves that it is open, and that there was nothing more to read before: it answers ID, or where it
 * speaks SeedLink, that it does not know that.
 */
const PROBE = "DL\x02ID";
const PROBE_MESSAGE = `\x82\x85\0\0\0\0${PROBE}`;
const PROOF =
  /(\x82.)?(DL[\x41-\x4c]ID DataLink v1\.1 \(RingServer\/4\.5\.3\) :: DLPROTO:1\.1 PACKETSIZE:512( WRITE)?( AUTH)?|ERROR\r\n)$/;

/** Sends a row's bytes as they were sent then; gives what comes back, and whether the server closed the connection. */
async function replay(port: number, row: Row, recv: string[], closes: boolean) {
  const peer = await RawPeer.connect(port, isEncrypted(row));
  let expected = "";
  for (const [i, hex] of row.send.entries()) {
    peer.send(fromHex(hex));
    expected += recv[i];
    const { length } = masked(expected);
    await peer.until(() => masked(peer.received).length >= length);
  }
  if (row.name.startsWith("half-close")) peer.socket.end();
  if (closes) await peer.untilClosed();
  else if (!peer.closed) {
    const { length } = peer.received;
    peer.send(expected.startsWith("HTTP") ? PROBE_MESSAGE : PROBE);
    await peer.until(() => peer.received.length > length && PROOF.test(peer.received));
  }
  const closed = peer.closed;
  peer.socket.destroy();
  return { received: closed ? peer.received : peer.received.replace(PROOF, ""), closed };
}

function isEncrypted({ name }: Row): boolean {
  return /tls|wss/.test(name);
}

function fromHex(hex: string): string {
  return Buffer.from(hex, "hex").toString("latin1");
}

/** INFO attributes that depend on the hour, the machine or the load, and one in which ringserver errs (see info-xml.ts). */
const VARIABLE =
  / (StartTime|\w+CreationTime|ConnectionTime|DataLatency|TotalConnections|MaximumPackets|Port|Latency|[RT]X\w+Rate)="[^"]*"/g;
const END_AS_START =
  /( LatestPacketID="\d+" LatestPacketDataStartTime)="[^"]*"(?= LatestPacketDataEndTime="[^"]*" DataLatency)/g;

/**
 * What counts of an HTTP answer: the status, and of a handshake what RFC 6455 asks for. ringserver's other headers, and
 * the words with which it refuses, are not copied.
 */
function withoutHttpDetails(text: string): string {
  if (!text.startsWith("HTTP/1.1 ")) return text;
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return "";
  const head = text.slice(0, end);
  const status = head.slice(9, 12);
  if (status !== "101") return status;
  const headers = head.match(/^Sec-WebSocket-(Accept|Protocol): .*$/gm) ?? [];
  return [status, ...headers.sort()].join("\n") + text.slice(end + 4);
}

/** Text in which what cannot be the same twice has always the same length. */
function masked(text: string): string {
  return withoutHttpDetails(text)
    .replace(/(PACKET \S+ \d+ )\d{16} /g, "$1<time> ")
    .replace(/(\x82~..)?DL.INFO (\w+) \d+</gs, "DL INFO $2 <")
    .replace(END_AS_START, '$1="*"')
    .replace(VARIABLE, ' $1="*"')
    .replace(/<ServerThreads.*<\/ServerThreads>/, "<ServerThreads/>");
}

const replayed = new Set<string>();

function check(row: Row, port: () => number): void {
  replayed.add(row.name);
  const deviation = DEVIATIONS[row.name];
  const title = deviation ? `${row.name} answers otherwise: ${deviation.reason}` : `${row.name} ${row.note}`;
  it(title.trim(), async () => {
    const recv = expectedOf(row, deviation);
    const closes = deviation?.closes ?? row.closes;
    const { received, closed } = await replay(port(), row, recv, closes);
    const exact = deviation ? Array.isArray(deviation.recv) : row.deterministic;
    const compared = exact ? withoutHttpDetails : masked;
    assert.equal(compared(received), compared(recv.join("")));
    assert.equal(closed, closes);
  });
}

function expectedOf(row: Row, deviation: Deviation | undefined): string[] {
  if (!deviation) return row.recv.map(fromHex);
  if (typeof deviation.recv === "function") return [deviation.recv(fromHex(row.recv.at(-1)!))];
  if (typeof deviation.recv !== "string") return deviation.recv;
  const other = rows.find(({ name }) => name === deviation.recv)!;
  return [fromHex(other.recv.at(-1)!)];
}

/** Replays rows, one connection each, on one server. */
function replayRows(
  title: string,
  options: DataLinkServerOptions,
  packets: typeof FIVE_PACKETS,
  names: Row[],
): void {
  describe(title, () => {
    let server: DataLinkServer;
    let tlsServer: DataLinkServer;
    before(async () => {
      server = await DataLinkServer.listen({ ...SETTINGS, ...options });
      for (const packet of packets) server.write(packet);
      tlsServer = await DataLinkServer.listen({ ...SETTINGS, ...options, tls: TLS });
    });
    after(() => Promise.all([server.close(), tlsServer.close()]));
    for (const row of names) check(row, () => (isEncrypted(row) ? tlsServer : server).port);
  });
}

function between(group: string, first: string, last: string): Row[] {
  const names = rows.filter((row) => row.group === group).map((row) => row.name);
  const [from, to] = [names.indexOf(first), names.indexOf(last)];
  assert.ok(from >= 0 && to >= from, `${first} to ${last} in the file`);
  return rows.filter((row) => row.group === group).slice(from, to + 1);
}

/** As the helper program of the recording had it, as far as users go. */
const ACCESS: AccessOptions = {
  rules: [{ from: "127.0.0.1", write: true, trusted: true }],
  users: [
    { name: "writer", password: "secret", write: true },
    { name: "admin", password: "secret", write: true, trusted: true },
    { name: "reader", password: "secret" },
    { name: "limited", password: "secret", ...only("^FDSN:XX_AAA_|^FDSN:XX_BBB_", "_B_H_N/") },
  ],
};

function only(streams: string, except: string): Grant {
  return { read: streams, readExcept: except, write: streams };
}

const LOGIN_FIRST: AccessOptions = {
  ...ACCESS,
  rules: [{ from: "127.0.0.1", read: false, write: true, trusted: true }],
};
const NEITHER: AccessOptions = { rules: [{ from: "127.0.0.1" }] };
const BY_ADDRESS: AccessOptions = {
  rules: [{ from: "127.0.0.1", trusted: true, ...only("_AAA_", "_B_H_N/") }],
};
const ANY_PAGE: DataLinkServerOptions = { webSocket: { origins: ["*"] } };

describe("transcripts of ringserver 4.5.3", () => {
  const dataLinkOnly = between("C", "ws-upgrade-dl-only-port", "ws-upgrade-dl-only-port");
  const commands = between("A", "id", "write-after-reserved");
  replayRows("commands", { webSocket: false, seedLink: false }, [], [...dataLinkOnly, ...commands]);
  replayRows("login", { access: ACCESS }, [], between("B", "auth-id-flag", "auth-limited-stream"));
  replayRows(
    "login to stream",
    { access: LOGIN_FIRST },
    [],
    between("B", "authreq-stream", "authreq-auth-stream"),
  );
  replayRows("no permission", { access: NEITHER }, [], between("B", "noperm-id", "noauth-auth"));
  replayRows(
    "permission by address",
    { access: BY_ADDRESS },
    [],
    between("B", "allowed-write-denied", "allowed-write-ok"),
  );
  const handshakes = between("C", "ws-upgrade-none", "ws-upgrade-seedlink");
  replayRows(
    "WebSocket handshake",
    ANY_PAGE,
    [],
    handshakes.filter((row) => !dataLinkOnly.includes(row)),
  );
  replayRows("WebSocket", {}, FIVE_PACKETS, between("D", "ws-binary-id", "ws-len-127-form"));
  replayRows("streaming", {}, FIVE_PACKETS, between("D", "stream-earliest", "stream-write-while-streaming"));
  replayRows(
    "incomplete commands",
    { ioTimeout: 100 },
    [],
    between("D", "truncated-preheader-1", "half-close-after-id"),
  );

  it("replays every row, and has no reason for a row that is not there", () => {
    const names = new Set(rows.map(({ name }) => name));
    assert.deepEqual(
      Object.keys(DEVIATIONS).filter((name) => !names.has(name)),
      [],
    );
    assert.equal(replayed.size, rows.length);
  });
});

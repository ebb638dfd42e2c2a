// lib/server/info-xml.ts, seedlink/info.ts and http.ts: every figure that is told, in its place.
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { compileNow } from "../../lib/server/access/pattern.ts";
import {
  type ConnectionFigures,
  type StatusFigures,
  selectClients,
  selectStreams,
  streamFigures,
} from "../../lib/server/figures.ts";
import { answerRequest } from "../../lib/server/http.ts";
import { clientsXml, statusXml, streamsXml } from "../../lib/server/info-xml.ts";
import { Ring } from "../../lib/server/ring/ring.ts";
import { infoJson, infoXml, JSON_PARTS, stationRows, XML_PARTS } from "../../lib/server/seedlink/info.ts";

const SECOND = 1e6;
const START = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;

/** The result of a generator's steps. */
function resultOf<Result>(steps: Generator<unknown, Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** A record of miniSEED 2 as far as its type is asked for. */
const RECORD_2 = Buffer.alloc(64, 1);
const RECORD_3 = Buffer.concat([Buffer.from("MS\x03"), Buffer.alloc(61)]);

const ring = new Ring({ ringBytes: 1 << 16, packetSize: 512, now: () => START + 7.5 * SECOND });
const write = (streamId: string, seconds: number, payload: Buffer, id: bigint) =>
  ring.append(streamId, START + seconds * SECOND, START + (seconds + 0.5) * SECOND, payload, id);
write("FDSN:XX_B_00_B_H_Z/MSEED", 0, RECORD_2, 11n);
write("FDSN:XX_A_00_L_O_G/MSEED3", 1, RECORD_3, 12n);
write("FDSN:XX_B__BH1__/MSEED", 2, RECORD_2, 13n);
write('A<&">/TEXT', 3, Buffer.from("x"), 14n);
write("FDSN:XX_B_00_B_H_Z/MSEED", 4, RECORD_2, 20n);

const packet = (sequence: number) => {
  const { payload: _, ...figures } = ring.packetAt(sequence);
  return figures;
};

const STATUS: StatusFigures = {
  version: "DataLink v1.1 (Test/1)",
  serverId: "Ring & Co",
  startTime: START,
  now: START + 10 * SECOND,
  isVolatile: true,
  ringBytes: 65_536,
  packetSize: 512,
  clients: 3,
  streams: 4,
  packets: 5,
  earliest: packet(0),
  latest: packet(4),
  sent: { packets: 1, bytes: 2, packetRate: 3.14, byteRate: 4.15 },
  received: { packets: 5, bytes: 6, packetRate: 7.26, byteRate: 8 },
  listeners: [
    { type: "IPv4: DataLink", port: 16_000 },
    { type: "IPv6: DataLink", port: 16_001 },
  ],
};

const CLIENT: ConnectionFigures = {
  type: "SeedLink:WebSocket",
  address: "192.0.2.7",
  port: 4711,
  clientId: "me",
  connectedAt: START + 1.9 * SECOND,
  match: "^XX",
  reject: "LOG",
  selectedStreams: 2,
  lastPacket: packet(1),
  sent: { packets: 10, bytes: 20, packetRate: 30.44, byteRate: 40.55 },
  received: { packets: 50, bytes: 60, packetRate: 70, byteRate: 80 },
  idleSeconds: 1.26,
  percentLag: 42,
};
const STRANGER: ConnectionFigures = {
  ...CLIENT,
  ...{ type: "DataLink", address: "10.0.0.1", clientId: "", match: undefined, reject: undefined },
  lastPacket: undefined,
};

describe("INFO of DataLink", () => {
  const HEAD = `<DataLink Version="DataLink v1.1 (Test/1) :: DLPROTO:1.1" ServerID="Ring &amp; Co" Capabilities="CAPS">`;
  const STATE =
    `<Status StartTime="2026-01-02T03:04:05Z" RingVersion="3" RingSize="65536" PacketSize="632" MaximumPackets="103" ` +
    `MemoryMappedRing="FALSE" VolatileRing="TRUE" TotalConnections="3" TotalStreams="4" TXPacketRate="3.1" TXByteRate="4.2" ` +
    `RXPacketRate="7.3" RXByteRate="8.0" EarliestPacketID="11" EarliestPacketCreationTime="2026-01-02T03:04:12.500000Z" ` +
    `EarliestPacketDataStartTime="2026-01-02T03:04:05Z" EarliestPacketDataEndTime="2026-01-02T03:04:05.500000Z" ` +
    `LatestPacketID="20" LatestPacketCreationTime="2026-01-02T03:04:12.500000Z" LatestPacketDataStartTime="2026-01-02T03:04:09Z" ` +
    `LatestPacketDataEndTime="2026-01-02T03:04:09.500000Z"/>`;
  const textOf = (xml: Iterable<string>) => [...xml].join("");

  it("STATUS has the server's figures, and its listeners for who is trusted", () => {
    assert.equal(textOf(statusXml(STATUS, "CAPS", false)), `${HEAD}${STATE}</DataLink>`);
    const listeners =
      `<ServerThreads TotalServerThreads="2"><Thread Flags="ACTIVE" Type="IPv4: DataLink" Port="16000"/>` +
      `<Thread Flags="ACTIVE" Type="IPv6: DataLink" Port="16001"/></ServerThreads>`;
    assert.equal(textOf(statusXml(STATUS, "CAPS", true)), `${HEAD}${STATE}${listeners}</DataLink>`);
    const empty = textOf(
      statusXml({ ...STATUS, earliest: undefined, latest: undefined, isVolatile: false }, "CAPS", false),
    );
    assert.match(empty, / VolatileRing="FALSE" /);
    assert.match(
      empty,
      / EarliestPacketID="0" EarliestPacketCreationTime="-" EarliestPacketDataStartTime="-" EarliestPacketDataEndTime="-" /,
    );
  });

  it("STREAMS has a row for each stream", () => {
    const streams = resultOf(selectStreams(ring, ({ streamId }) => !streamId.includes("XX_A")));
    const rows = streams.map((stream) => streamFigures(ring, stream)!);
    const text = textOf(streamsXml(STATUS, "CAPS", 3, rows));
    assert.equal(
      text,
      `${HEAD}${STATE}<StreamList TotalStreams="4" SelectedStreams="3">` +
        `<Stream Name="A&lt;&amp;&quot;&gt;/TEXT" EarliestPacketID="14" EarliestPacketDataStartTime="2026-01-02T03:04:08.000000Z" ` +
        `LatestPacketID="14" LatestPacketDataStartTime="2026-01-02T03:04:08.000000Z" ` +
        `LatestPacketDataEndTime="2026-01-02T03:04:08.500000Z" DataLatency="6.5"/>` +
        `<Stream Name="FDSN:XX_B_00_B_H_Z/MSEED" EarliestPacketID="11" EarliestPacketDataStartTime="2026-01-02T03:04:05.000000Z" ` +
        `LatestPacketID="20" LatestPacketDataStartTime="2026-01-02T03:04:09.000000Z" ` +
        `LatestPacketDataEndTime="2026-01-02T03:04:09.500000Z" DataLatency="5.5"/>` +
        `<Stream Name="FDSN:XX_B__BH1__/MSEED" EarliestPacketID="13" EarliestPacketDataStartTime="2026-01-02T03:04:07.000000Z" ` +
        `LatestPacketID="13" LatestPacketDataStartTime="2026-01-02T03:04:07.000000Z" ` +
        `LatestPacketDataEndTime="2026-01-02T03:04:07.500000Z" DataLatency="7.5"/>` +
        `</StreamList></DataLink>`,
    );
    assert.equal(
      textOf(streamsXml(STATUS, "CAPS", 0, [])),
      `${HEAD}${STATE}<StreamList TotalStreams="4" SelectedStreams="0"/></DataLink>`,
    );
  });

  it("CONNECTIONS has a row for each client", () => {
    assert.equal(
      textOf(clientsXml(STATUS, "CAPS", [CLIENT, STRANGER])),
      `${HEAD}${STATE}<ConnectionList TotalConnections="3" SelectedConnections="2">` +
        `<Connection Type="SeedLink:WebSocket" Host="192.0.2.7" IP="192.0.2.7" Port="4711" ClientID="me" ` +
        `ConnectionTime="2026-01-02T03:04:06Z" Match="^XX" Reject="LOG" StreamCount="2" PacketID="12" ` +
        `PacketDataStartTime="2026-01-02T03:04:06Z" PacketCreationTime="2026-01-02T03:04:12.500000Z" TXPacketCount="10" ` +
        `TXPacketRate="30.4" TXByteCount="20" TXByteRate="40.5" RXPacketCount="50" RXPacketRate="70.0" RXByteCount="60" ` +
        `RXByteRate="80.0" Latency="1.3" PercentLag="42"/>` +
        `<Connection Type="DataLink" Host="10.0.0.1" IP="10.0.0.1" Port="4711" ClientID="-" ` +
        `ConnectionTime="2026-01-02T03:04:06Z" Match="-" Reject="-" StreamCount="2" PacketID="0" ` +
        `PacketDataStartTime="-" PacketCreationTime="-" TXPacketCount="10" ` +
        `TXPacketRate="30.4" TXByteCount="20" TXByteRate="40.5" RXPacketCount="50" RXPacketRate="70.0" RXByteCount="60" ` +
        `RXByteRate="80.0" Latency="1.3" PercentLag="42"/>` +
        `</ConnectionList></DataLink>`,
    );
  });

  it("has the clients whose address or name a pattern finds", () => {
    const all = [CLIENT, STRANGER];
    assert.deepEqual(resultOf(selectClients(all, undefined)), all);
    assert.deepEqual(resultOf(selectClients(all, compileNow("^10"))), [STRANGER]);
    assert.deepEqual(resultOf(selectClients(all, compileNow("^me$"))), [CLIENT]);
    assert.deepEqual(resultOf(selectClients(all, compileNow("nobody"))), []);
  });
});

describe("INFO of SeedLink", () => {
  const server = { software: 'Soft "1"', organization: "Org", started: START + 0.7 * SECOND };
  const rows = (filter: Partial<Parameters<typeof stationRows>[1]> = {}) =>
    resultOf(stationRows(ring, { has: () => true, station: undefined, streams: undefined, ...filter }));
  const json = (parts: Iterable<string>) => JSON.parse([...infoJson(server, parts)].join("")) as object;
  const xml = (parts: Iterable<string>) => [...infoXml(server, parts)].join("");
  const WHO = { software: 'Soft "1"', organization: "Org" };
  const stream = (id: string, format: string, subformat: string, from: string, to: string) => ({
    ...{ id, format, subformat },
    ...{ start_time: `2026-01-02T03:04:${from}Z`, end_time: `2026-01-02T03:04:${to}Z` },
  });
  const STATION_A = { id: "XX_A", description: "Station ID XX_A", start_seq: 12, end_seq: 13 };
  const STATION_B = { id: "XX_B", description: "Station ID XX_B", start_seq: 11, end_seq: 21 };

  it("has stations and streams as JSON", () => {
    assert.deepEqual(json(JSON_PARTS.stations(rows(), false)), { ...WHO, station: [STATION_A, STATION_B] });
    assert.deepEqual(json(JSON_PARTS.stations(rows(), true)), {
      ...WHO,
      station: [
        { ...STATION_A, stream: [stream("00_L_O_G", "3", "D", "06.000000", "06.500000")] },
        {
          ...STATION_B,
          stream: [
            stream("00_B_H_Z", "2", "D", "05.000000", "09.500000"),
            stream("_BH1__", "2", "D", "07.000000", "07.500000"),
          ],
        },
      ],
    });
  });

  it("has the stations and streams that are asked for, and that may be read", () => {
    const found = (filter: Parameters<typeof rows>[0]) =>
      rows(filter).flatMap(({ id, first, next, streams }) =>
        streams.map((one) => `${id} ${one.id} ${first} ${next}`),
      );
    const select = (pattern: string, type?: string) => ({
      ...{ stream: pattern.replace("!", ""), negative: pattern.startsWith("!"), type, filter: undefined },
    });
    assert.deepEqual(found({ station: "*_A" }), ["XX_A 00_L_O_G 12 13"]);
    assert.deepEqual(found({ station: "YY_*" }), []);
    assert.deepEqual(found({ streams: select("_*") }), ["XX_B _BH1__ 13 14"]);
    assert.deepEqual(found({ streams: select("!00_*") }), ["XX_B _BH1__ 13 14"]);
    assert.deepEqual(found({ streams: select("*", "3D") }), ["XX_A 00_L_O_G 12 13"]);
    assert.deepEqual(found({ streams: select("!*", "2?") }), ["XX_A 00_L_O_G 12 13"]);
    assert.deepEqual(found({ has: ({ streamId }) => streamId.includes("_A_") }), ["XX_A 00_L_O_G 12 13"]);
  });

  it("has who answers, formats, capabilities, clients and errors as JSON", () => {
    assert.deepEqual(json(JSON_PARTS.id(server.started)), {
      ...WHO,
      server_start: "2026-01-02T03:04:05Z",
      datalink_protocol: ["DLPROTO:1.1"],
      seedlink_protocol: ["SLPROTO:4.0", "SLPROTO:3.1"],
    });
    const { format, filter } = json(JSON_PARTS.formats()) as Record<string, Record<string, object>>;
    assert.deepEqual(
      [Object.keys(format!), Object.keys(filter!)],
      [
        ["2", "3"],
        ["3", "native"],
      ],
    );
    assert.deepEqual(json(JSON_PARTS.capabilities(["A", "B"])), { ...WHO, capability: ["A", "B"] });
    assert.deepEqual(json(JSON_PARTS.error("AUTH", 'no "you"')), {
      ...WHO,
      error: { code: "AUTH", message: 'no "you"' },
    });
    const client = {
      ...{ host: "192.0.2.7", ip_address: "192.0.2.7", client_port: "4711", server_port: "18000" },
      ...{ type: "SeedLink:WebSocket", client_id: "me", connect_time: "2026-01-02T03:04:06Z" },
      ...{ stream_count: 2, match: "^XX", transmit_packets: 10, transmit_bytes: 20, lag_percent: 42 },
    };
    const other = { host: "10.0.0.1", ip_address: "10.0.0.1", type: "DataLink", client_id: "", match: null };
    assert.deepEqual(json(JSON_PARTS.connections([CLIENT, STRANGER], 18_000)), {
      ...WHO,
      connections: { client_count: 2, client: [client, { ...client, ...other }] },
    });
  });

  it("has all of it as XML", () => {
    const root = `<?xml version="1.0" encoding="utf-8"?><seedlink software="Soft &quot;1&quot;" organization="Org" started="2026-01-02T03:04:05Z"`;
    const head = (station: string, first: string, next: string) =>
      `<station name="${station}" network="XX" description="Station ID XX_${station}" begin_seq="${first}" end_seq="${next}" stream_check="enabled"`;
    assert.equal(xml([]), `${root}/>`);
    assert.equal(
      xml(XML_PARTS.capabilities(["a", "b"])),
      `${root}><capability name="a"/><capability name="b"/></seedlink>`,
    );
    assert.equal(
      xml(XML_PARTS.stations(rows(), "stations")),
      `${root}>${head("A", "00000C", "00000D")}/>${head("B", "00000B", "000015")}/></seedlink>`,
    );
    const streams = (gaps: string) =>
      `${root}>${head("A", "00000C", "00000D")}>` +
      `<stream location="00" seedname="LOG" type="D" begin_time="2026-01-02T03:04:06.000000Z" end_time="2026-01-02T03:04:06.500000Z"${gaps}/></station>` +
      `${head("B", "00000B", "000015")}>` +
      `<stream location="00" seedname="BHZ" type="D" begin_time="2026-01-02T03:04:05.000000Z" end_time="2026-01-02T03:04:09.500000Z"${gaps}/>` +
      `<stream location="" seedname="BH1__" type="D" begin_time="2026-01-02T03:04:07.000000Z" end_time="2026-01-02T03:04:07.500000Z"${gaps}/></station></seedlink>`;
    assert.equal(xml(XML_PARTS.stations(rows(), "streams")), streams(""));
    assert.equal(xml(XML_PARTS.stations(rows(), "gaps")), streams(' gap_check="disabled" gap_treshold="0"'));
    const carrier = (network: string, type: string) =>
      `<station name="CLIENT" network="${network}" description="${type}" begin_seq="0" end_seq="0" stream_check="enabled">`;
    const client = (address: string) =>
      `<connection host="${address}" port="4711" ctime="2026-01-02T03:04:06Z" begin_seq="0" current_seq="0" sequence_gaps="0" ` +
      `txcount="10" totBytes="20" begin_seq_valid="yes" realtime="yes" end_of_data="no"/></station>`;
    assert.equal(
      xml(XML_PARTS.connections([CLIENT, STRANGER])),
      `${root}>${carrier("SL", "SeedLink:WebSocket")}${client("192.0.2.7")}${carrier("DL", "DataLink")}${client("10.0.0.1")}</seedlink>`,
    );
  });
});

describe("the figures over HTTP", () => {
  /** What a page answers, its headers apart. */
  async function get(
    url: string,
    { read = true as boolean | ((id: string) => boolean), trusted = true } = {},
  ) {
    const written: Buffer[] = [];
    let status = 0;
    let headers: Record<string, unknown> = {};
    const response = {
      writeHead(code: number, more: Record<string, unknown>) {
        [status, headers] = [code, more];
      },
      write: (part: Buffer) => void written.push(part),
      end() {},
    } as unknown as ServerResponse;
    const host = { ring, status: () => STATUS, clients: () => [CLIENT, STRANGER] };
    const request = { method: "GET", url } as IncomingMessage;
    const size = await answerRequest(host, { read, write: false, trusted }, request, response);
    const bytes = Buffer.concat(written);
    assert.equal(size, bytes.length);
    assert.deepEqual(headers, {
      "Content-Type": "application/json",
      "Content-Length": bytes.length,
      "Cache-Control": "no-store",
      Connection: "close",
    });
    return { status, body: JSON.parse(String(bytes)) as unknown };
  }

  const entry = {
    streamId: "FDSN:XX_B_00_B_H_Z/MSEED",
    packetId: "11",
    packetTime: "2026-01-02T03:04:12.500000Z",
    dataStart: "2026-01-02T03:04:05.000000Z",
    dataEnd: "2026-01-02T03:04:05.500000Z",
  };

  it("are those of the server", async () => {
    assert.deepEqual((await get("/id")).body, {
      ...{ server: "DataLink v1.1 (Test/1) :: DLPROTO:1.1", serverId: "Ring & Co", packetSize: 512 },
      write: false,
    });
    const latest = { dataStart: "2026-01-02T03:04:09.000000Z", dataEnd: "2026-01-02T03:04:09.500000Z" };
    const status = {
      ...{ serverId: "Ring & Co", startTime: "2026-01-02T03:04:05.000000Z", ringBytes: 65_536 },
      ...{ packetSize: 512, volatile: true, connections: 3, streams: 4, packets: 5 },
      ...{ earliest: entry, latest: { ...entry, ...latest, packetId: "20" } },
      ...{ sent: STATUS.sent, received: STATUS.received },
    };
    assert.deepEqual((await get("/any/where/STATUS/json")).body, status);
    assert.deepEqual((await get("/status", { read: false })).body, {
      ...status,
      ...{ earliest: null, latest: null },
    });
  });

  it("are those of the streams that may be read", async () => {
    const { body } = await get("/streams?match=_B_", { read: (id) => id.includes("_00_") });
    assert.deepEqual(body, [
      {
        ...{ streamId: "FDSN:XX_B_00_B_H_Z/MSEED", packets: 2 },
        ...{ earliestPacketId: "11", earliestDataStart: "2026-01-02T03:04:05.000000Z" },
        ...{ latestPacketId: "20", latestPacketTime: "2026-01-02T03:04:12.500000Z" },
        latestDataStart: "2026-01-02T03:04:09.000000Z",
        latestDataEnd: "2026-01-02T03:04:09.500000Z",
      },
    ]);
    assert.deepEqual((await get("/streamids", { read: false })).body, []);
    assert.equal(((await get("/streamids?match=")).body as unknown[]).length, 4);
  });

  it("are those of the clients, for who is trusted", async () => {
    const { connectedAt: _, lastPacket: __, ...figures } = CLIENT;
    assert.deepEqual((await get("/connections?match=me")).body, [
      { ...figures, connectedAt: "2026-01-02T03:04:06.900000Z", packetId: "12" },
    ]);
    const [stranger] = (await get("/connections?match=^10")).body as { packetId: unknown }[];
    assert.equal(stranger!.packetId, null);
    assert.equal((await get("/connections", { trusted: false })).status, 403);
  });
});

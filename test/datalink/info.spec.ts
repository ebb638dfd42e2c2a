// lib/datalink/protocol/info.ts and plain-info.ts: the XML of INFO as typed objects, and as plain values.
import assert from "node:assert/strict";
import { type InfoType, parseInfo } from "../../lib/datalink/protocol/info.ts";
import { plainInfo } from "../../lib/datalink/protocol/plain-info.ts";
import { atOnce } from "../../lib/slices.ts";

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000;
const read = <Type extends InfoType>(type: Type, xml: string) => atOnce(parseInfo(type, xml));
const ROOT = '<DataLink Version="DataLink v1.1" ServerID="Ring" Capabilities="WRITE">';

const TOLD = {
  ...{ startTime: 0, ringVersion: "", ringSize: 0, packetSize: 0, maximumPackets: 0 },
  ...{ memoryMappedRing: false, volatileRing: false, totalConnections: 0, totalStreams: 0 },
  ...{ txPacketRate: 0, txByteRate: 0, rxPacketRate: 0, rxByteRate: 0 },
  ...{ earliestPacketId: 0n, latestPacketId: 0n },
};

describe("INFO", () => {
  it("has what every server tells, also where one does not, and leaves out what is not told", () => {
    const { xml: _, ...status } = read("STATUS", "<DataLink><Status/></DataLink>");
    assert.deepEqual(status, {
      ...{ version: "", serverId: "", capabilities: "", status: TOLD, serverThreads: [] },
    });
    const dashes = `<DataLink Version="-"><Status RingVersion="" RingSize="-" EarliestPacketID="-" LatestPacketCreationTime="-" VolatileRing="-"/></DataLink>`;
    assert.deepEqual(read("STATUS", dashes), {
      ...{ version: "", serverId: "", capabilities: "", status: TOLD, serverThreads: [], xml: dashes },
    });
  });

  it("has figures, ids and times as such", () => {
    const { status } = read(
      "STATUS",
      `${ROOT}<Status StartTime="2026-01-02T03:04:05Z" RingVersion="3" RingSize="1e6" PacketSize="+632" MaximumPacketID="16777215"
        MaximumPackets="7" TXPacketRate="-1.5" EarliestPacketID="18446744073709551615" LatestPacketID="${"9".repeat(256)}"
        EarliestPacketCreationTime="2026-01-02 03:04:05.5" LatestPacketDataEndTime="nonsense" RXByteRate="x1" Other="1" toString="1"/></DataLink>`,
    );
    assert.deepEqual(status, {
      ...TOLD,
      ...{ startTime: TIME, ringVersion: "3", ringSize: 1e6, packetSize: 632, maximumPacketId: 16_777_215n },
      ...{ maximumPackets: 7, txPacketRate: -1.5, earliestPacketId: 2n ** 64n - 1n },
      earliestPacketTime: TIME + 500_000,
    });
  });

  it("counts the rows itself where the server does not, and believes it where it does", () => {
    const rows = '<Stream Name="A/T" LatestPacketID="5"/><Stream/>';
    const told = read("STREAMS", `${ROOT}<Status/><StreamList TotalStreams="9" SelectedStreams="8">${rows}`);
    assert.deepEqual([told.totalStreams, told.selectedStreams, told.streams.length], [9, 8, 2]);
    const untold = read("STREAMS", `${ROOT}<Status/><StreamList>${rows}</StreamList></DataLink>`);
    assert.deepEqual([untold.totalStreams, untold.selectedStreams], [2, 2]);
    const nothing = {
      ...{ streamId: "", earliestPacketId: 0n, earliestDataStart: 0, latestPacketId: 0n },
      ...{ latestDataStart: 0, latestDataEnd: 0, dataLatency: 0 },
    };
    assert.deepEqual(untold.streams, [{ ...nothing, streamId: "A/T", latestPacketId: 5n }, nothing]);
    const clients = read("CONNECTIONS", `${ROOT}<Status/><ConnectionList><Connection Port="4"/>`);
    assert.deepEqual([clients.totalConnections, clients.selectedConnections], [1, 1]);
    assert.deepEqual(clients.connections, [
      {
        ...{ type: "", host: "", ip: "", port: 4, clientId: "", connectionTime: 0, streamCount: 0 },
        ...{ packetId: 0n, txPacketCount: 0, txPacketRate: 0, txByteCount: 0, txByteRate: 0 },
        ...{ rxPacketCount: 0, rxPacketRate: 0, rxByteCount: 0, rxByteRate: 0, latency: 0 },
      },
    ]);
    const threads = read(
      "STATUS",
      `${ROOT}<Status/><ServerThreads TotalServerThreads="3"><Thread Type="DataLink" Port="16000"/></ServerThreads>`,
    );
    assert.deepEqual(
      [threads.totalServerThreads, threads.serverThreads],
      [3, [{ flags: "", type: "DataLink", port: 16_000 }]],
    );
  });

  it("is not read where it is something else, or nested as no INFO is", () => {
    assert.throws(() => read("STATUS", ROOT), { code: "PROTOCOL", message: /it has no Status element/ });
    const nested = (levels: number) => `${ROOT}${"<a>".repeat(levels - 2)}<Status/>`;
    assert.equal(read("STATUS", nested(8)).serverId, "Ring");
    assert.throws(() => read("STATUS", nested(9)), { code: "PROTOCOL", message: /deeper than 8 levels/ });
    // Side by side is not nested.
    assert.equal(read("STATUS", `${ROOT}${"<a/>".repeat(50)}<Status/>`).serverId, "Ring");
  });

  it("is read in steps of 16 KiB", () => {
    const steps = (length: number) => [...parseInfo("STATUS", `${ROOT}<Status/>`.padEnd(length))].length;
    assert.deepEqual([steps(4 * 16 * 1024), steps(4 * 16 * 1024 + 1)], [4, 5]);
  });

  it("has ids as text and times as ISO 8601 for other programs, and no XML", () => {
    const info = {
      ...{ version: "v", packetId: 2n ** 63n, startTime: TIME, dataStart: TIME + 1, dataEnd: 0 },
      ...{ latestDataEnd: -1, earliestDataStart: 5, port: 4711, timeout: 7, isVolatile: true, none: null },
      ...{ xml: "<x/>", status: { latestPacketId: 1n, earliestPacketTime: TIME, ringSize: 5 } },
      rows: [{ packetId: 7n, connectionTime: TIME }, { streamId: "A/T" }],
    };
    assert.deepEqual(atOnce(plainInfo(info)), {
      ...{ version: "v", packetId: "9223372036854775808", startTime: "2026-01-02T03:04:05.000000Z" },
      ...{ dataStart: "2026-01-02T03:04:05.000001Z", dataEnd: "1970-01-01T00:00:00.000000Z" },
      ...{
        latestDataEnd: "1969-12-31T23:59:59.999999Z",
        earliestDataStart: "1970-01-01T00:00:00.000005Z",
      },
      ...{ port: 4711, timeout: 7, isVolatile: true, none: null },
      status: { latestPacketId: "1", earliestPacketTime: "2026-01-02T03:04:05.000000Z", ringSize: 5 },
      rows: [{ packetId: "7", connectionTime: "2026-01-02T03:04:05.000000Z" }, { streamId: "A/T" }],
    });
    assert.equal([...plainInfo(info)].length, 2, "a step for each row");
  });
});

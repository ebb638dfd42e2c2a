// The server's SeedLink: who speaks it is told by the first bytes; where reading begins and ends; what may be read by whom;
// what each protocol gets; and our own client on every way in, over restarts of the server.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readRecords } from "../../lib/mseed/index.ts";
import { SeedLinkClient } from "../../lib/seedlink/client.ts";
import { SeedLinkPositionFile, subscribeSeedLink } from "../../lib/seedlink/subscribe.ts";
import type { SeedLinkEvent, SeedLinkSubscribeOptions } from "../../lib/seedlink/subscription.ts";
import type { DataLinkServerEvent } from "../../lib/server/events.ts";
import { protocolOf } from "../../lib/server/first-bytes.ts";
import { DataLinkServer, type DataLinkServerOptions } from "../../lib/server/server.ts";
import { temporaryFolder } from "../support/folders.ts";
import { numbersOf, SeedLinkPeer, START, writeRecord } from "./seedlink-peer.ts";

const tlsFile = (name: string) => readFileSync(path.join(__dirname, "..", "vectors", "tls", name));
const TLS = { key: tlsFile("key.pem"), cert: tlsFile("cert.pem") };

function listen(options: DataLinkServerOptions = {}): Promise<DataLinkServer> {
  return DataLinkServer.listen({ port: 0, ringBytes: 4 << 20, packetSize: 4096, ...options });
}

describe("what a client speaks", () => {
  let server: DataLinkServer;
  before(async () => {
    server = await listen();
  });
  after(() => server.close());

  const BEGINNINGS: [string, string, RegExp][] = [
    ["DataLink", "DL\x02ID", /^DL.ID DataLink/],
    ["SeedLink", "HELLO\r\n", /^SeedLink v4\.0/],
    ["SeedLink", "hello\n", /^SeedLink v4\.0/],
    ["SeedLink", "  HELLO\r", /^SeedLink v4\.0/],
    ["SeedLink", "DATA x\r\n", /^ERROR\r\n/],
    ["SeedLink", "d\r\n", /^ERROR\r\n/],
    ["SeedLink", "INFO ID\r\n", /^SLINFO/],
    ["SeedLink", "GEX\r\n", /^ERROR\r\n/],
    ["HTTP", "GET /id HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 200/],
    ["HTTP", "HEAD /id HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 405/],
    ["HTTP", "POST /id HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", /^HTTP\/1\.1 405/],
    ["unknown", "\r\n\r\nHELLO\r\n", /^$/],
    ["unknown", "\x16\x03\x01\x02\x00", /^$/],
    ["unknown", "0123", /^$/],
  ];

  for (const [protocol, text, answer] of BEGINNINGS) {
    it(`is ${protocol} where it begins with ${JSON.stringify(text.slice(0, 8))}, however that is cut`, async () => {
      const bytes = Buffer.from(text, "latin1");
      for (let cut = 0; cut <= Math.min(5, bytes.length - 1); cut++) {
        const peer = await SeedLinkPeer.connect(server.port);
        if (cut > 0) peer.socket.write(bytes.subarray(0, cut));
        // So that it arrives by itself.
        if (cut > 0) await delay(2);
        peer.socket.write(bytes.subarray(cut));
        await peer.until(() => peer.received.length > 0);
        assert.match(peer.received.toString("latin1"), answer);
        peer.end();
      }
    });
  }

  it("is undecided only as long as more than one of them may begin so", () => {
    const undecided = ["", "D", "G", "GE", "H", "HE", "P", "PO", "PU", "O", "OP"];
    for (const text of undecided) assert.equal(protocolOf(Buffer.from(text)), "undecided", text);
    for (const text of ["d", "I", "S", "DA", "HL", "HEL", "GEX", "E"])
      assert.equal(protocolOf(Buffer.from(text)), "SeedLink", text);
  });

  it("is not SeedLink where that is switched off", async () => {
    const events: DataLinkServerEvent[] = [];
    await using other = await listen({ seedLink: false, onEvent: (event) => events.push(event) });
    const peer = await SeedLinkPeer.connect(other.port);
    peer.send("HELLO");
    await peer.untilClosed();
    assert.equal(peer.received.length, 0);
    assert.deepEqual(
      events.map((event) => (event.type === "refused" ? event.reason : event.type)),
      ["it does not speak DataLink or HTTP"],
    );
  });

  it("is shown among the connections, with the name that the client gives", async () => {
    const peer = await SeedLinkPeer.connect(server.port);
    await peer.ask(2, "SLPROTO 4.0", "USERAGENT slinktool/5.0.0 libslink/4.2.0");
    await peer.ask(3, "STATION CO_*", "SELECT *_B_H_Z !00_*", "DATA", "END");
    const [connection] = server.connections.filter(({ type }) => type === "SeedLink");
    assert.deepEqual(
      [connection?.clientId, connection?.match],
      ["slinktool/5.0.0 libslink/4.2.0", "CO_*:*_B_H_Z !00_*"],
    );
    peer.end();
  });
});

describe("where SeedLink readers begin and end", () => {
  let server: DataLinkServer;
  const numbers: number[] = [];
  before(async () => {
    server = await listen();
    for (let second = 0; second < 20; second++) {
      const source = second % 2 === 0 ? "XX_EVEN_00_B_H_Z" : "XX_ODD__B_H_Z";
      numbers.push(writeRecord(server, source, second));
    }
  });
  after(() => server.close());

  /** What comes of all that is there. */
  async function fetch(...lines: string[]): Promise<number[]> {
    const peer = await SeedLinkPeer.connect(server.port);
    peer.send(...lines, "ENDFETCH");
    await peer.untilClosed();
    assert.equal(peer.words.at(-1), "END");
    return numbersOf(peer.words);
  }

  const all = Array.from({ length: 20 }, (_, i) => i + 1);
  const even = all.filter((number) => number % 2 === 1);
  const odd = all.filter((number) => number % 2 === 0);

  it("each station by its own number", async () => {
    const got = await fetch("STATION EVEN XX", "DATA 00000F", "STATION ODD XX", "DATA 000012");
    assert.deepEqual(got, [15, 17, 18, 19, 20]);
    const four = ["SLPROTO 4.0", "STATION XX_EVEN", "DATA 15", "STATION XX_ODD", "DATA 18"];
    assert.deepEqual(await fetch(...four), [15, 17, 18, 19, 20]);
  });

  it("with all of them, or with those to come", async () => {
    assert.deepEqual(
      await fetch("SLPROTO 4.0", "STATION XX_EVEN", "DATA ALL", "STATION XX_ODD", "DATA"),
      even,
    );
    assert.deepEqual(await fetch("STATION EVEN XX", "DATA ALL", "STATION ODD XX", "DATA 0"), all);
  });

  it("a time counts where the packet of the number is gone, in protocol 3", async () => {
    const time = "2023,11,14,22,13,35";
    assert.equal(new Date("2023-11-14T22:13:35Z").getTime() * 1000, START + 15_000_000);
    assert.deepEqual(await fetch("STATION ODD XX", `DATA 000002 ${time}`), odd);
    assert.deepEqual(await fetch("STATION ODD XX", `DATA 100100 ${time}`), [16, 18, 20]);
  });

  it("a time and a number count both, in protocol 4", async () => {
    const [from, to] = ["2023-11-14T22:13:30.0Z", "2023-11-14T22:13:36.0Z"];
    const station = ["SLPROTO 4.0", "STATION XX_*"];
    assert.deepEqual(await fetch(...station, `DATA 13 ${from} ${to}`), [13, 14, 15, 16]);
    assert.deepEqual(await fetch(...station, `DATA ALL ${from} ${to}`), [11, 12, 13, 14, 15, 16]);
    assert.deepEqual(await fetch(...station, `DATA 99 ${from} ${to}`), [11, 12, 13, 14, 15, 16]);
  });

  it("a station belongs to the first STATION that it fits", async () => {
    const four = ["SLPROTO 4.0", "STATION XX_ODD", "SELECT *_H_H_Z", "DATA ALL"];
    assert.deepEqual(await fetch(...four, "STATION XX_*", "DATA ALL"), even);
    assert.deepEqual(
      await fetch("SLPROTO 4.0", "STATION XX_*", "DATA ALL", "STATION XX_ODD", "SELECT *_H_*"),
      all,
    );
  });

  it("several STATION of the same name add up", async () => {
    const got = await fetch(
      "SLPROTO 4.0",
      "STATION XX_ODD",
      "SELECT *_H_H_Z",
      "DATA ALL",
      "STATION XX_ODD",
      "DATA 12",
    );
    assert.deepEqual(got, [12, 14, 16, 18, 20]);
  });

  it("of which each may ask for other types", async () => {
    const lines = [
      "SLPROTO 4.0",
      "STATION XX_ODD",
      "SELECT *.2L",
      "DATA ALL",
      "STATION XX_ODD",
      "SELECT *.2D",
      "DATA 18",
    ];
    assert.deepEqual(await fetch(...lines), [18, 20]);
  });

  it("as often as it makes sense, and no more", async () => {
    const peer = await SeedLinkPeer.connect(server.port);
    const answers = await peer.ask(21, "SLPROTO 4.0", ...Array.from({ length: 20 }, () => "STATION *"));
    assert.equal(answers.filter((word) => word === "OK\r\n").length, 1 + 8);
    assert.match(answers.at(-1)!, /^ERROR LIMIT /);
    peer.end();
  });

  it("what was refused is not widened", async () => {
    const peer = await SeedLinkPeer.connect(server.port);
    const lines = [
      "STATION EVEN XX",
      "SELECT BH",
      "DATA 1",
      "STATION ODD XX",
      "SELECT !BH",
      "SELECT BHZ",
      "DATA 1",
    ];
    peer.send(...lines, "STATION X+ XX", "SELECT BHZ", "DATA 1", "END", "INFO ID");
    await peer.until(() => peer.words.some((word) => word.startsWith("INFO")));
    const answers = ["OK", "ERROR", "OK", "OK", "ERROR", "OK", "OK", "ERROR", "ERROR", "ERROR"];
    assert.deepEqual(
      peer.words.filter((word) => !word.startsWith("INFO")).map((word) => word.trim()),
      answers,
    );
    peer.end();
  });

  it("FETCH ends by station, and DATA beside it goes on", async () => {
    const peer = await SeedLinkPeer.connect(server.port);
    peer.send("STATION EVEN XX", "FETCH 000011", "STATION ODD XX", "DATA 000014", "END");
    await peer.until(() => numbersOf(peer.words).length >= 3);
    const written = writeRecord(server, "XX_ODD__B_H_Z", 21);
    writeRecord(server, "XX_EVEN_00_B_H_Z", 22);
    const last = writeRecord(server, "XX_ODD__B_H_Z", 23);
    await peer.until(() => numbersOf(peer.words).includes(last));
    assert.deepEqual(numbersOf(peer.words), [17, 19, 20, written, last]);
    assert.ok(!peer.words.includes("END") && !peer.closed);
    peer.end();
  });

  it("takes commands in any pieces, and answers each", async () => {
    const lines = Buffer.from("HELLO\r\nSLPROTO 4.0\rSTATION XX_EVEN\nSELECT *\r\nDATA 15\r\nENDFETCH\r\n");
    for (let cut = 0; cut < lines.length; cut += 7) {
      const peer = await SeedLinkPeer.connect(server.port);
      peer.socket.write(lines.subarray(0, cut));
      await delay(1);
      peer.socket.write(lines.subarray(cut));
      await peer.untilClosed();
      assert.deepEqual(numbersOf(peer.words).slice(0, 3), [15, 17, 19]);
      assert.equal(peer.words.filter((word) => word === "OK\r\n").length, 4);
    }
  });
});

describe("what SeedLink readers get", () => {
  it("packets at once, without being asked", async () => {
    await using server = await listen();
    const peer = await SeedLinkPeer.connect(server.port);
    await peer.ask(2, "STATION * *", "DATA", "END");
    const waits: number[] = [];
    for (let second = 0; second < 50; second++) {
      const before = performance.now();
      const number = writeRecord(server, "XX_LIVE_00_B_H_Z", second);
      await peer.until(() => numbersOf(peer.words).includes(number));
      waits.push(performance.now() - before);
    }
    // A server that polls takes some hundred milliseconds, each time.
    const median = waits.sort((a, b) => a - b)[25]!;
    assert.ok(median < 100, `${median} ms`);
    peer.end();
  });

  it("miniSEED 2 in protocol 3, whatever the record is, each telling its length", async () => {
    await using server = await listen();
    writeRecord(server, "XX_A_00_B_H_Z", 0);
    writeRecord(server, "XX_A_00_B_H_Z", 1, { formatVersion: 3 });
    writeRecord(server, "XX_A_00_B_H_Z", 2, { recordLength: 4096, samples: 900 });
    // More than one record of 512 bytes holds.
    const long = writeRecord(server, "XX_A_00_B_H_Z", 3, {
      formatVersion: 3,
      recordLength: 4096,
      samples: 900,
    });
    const client = subscribeSeedLink(`127.0.0.1:${server.port}`, { from: "earliest", protocol: 3 });
    const samples: number[] = [];
    let sequences: bigint[] = [];
    for await (const { payload, sequence } of client) {
      const [record] = readRecords(payload);
      assert.equal(record!.formatVersion, 2);
      assert.equal(record!.length, payload.length);
      samples.push(...(record!.samples as Int32Array));
      sequences.push(sequence);
      if (samples.length === 10 + 10 + 900 + 900) break;
    }
    const expected = [10, 10, 900, 900].flatMap((count, second) =>
      Array.from({ length: count }, (_, i) => second + i * 1000),
    );
    assert.deepEqual(samples, expected);
    // Who has had only some of them asks for the last one, and gets all.
    sequences = sequences.slice(3);
    assert.ok(sequences.length > 1);
    assert.deepEqual([...new Set(sequences)], [BigInt(long) - 1n, BigInt(long)]);
    assert.equal(sequences.indexOf(BigInt(long)), sequences.length - 1);
  });

  for (const [protocol3, lengths] of [
    ["convert", [512, 512, 4096]],
    ["omit", [512, 4096]],
    ["repack", [512, 512, 512, 512, 512, 512, 512, 512, 512, 512, 512]],
  ] as const) {
    it(`records of protocol 3 as the setting says: ${protocol3}`, async () => {
      await using server = await listen({ seedLink: { protocol3 } });
      writeRecord(server, "XX_A_00_B_H_Z", 0);
      writeRecord(server, "XX_A_00_B_H_Z", 1, { formatVersion: 3 });
      writeRecord(server, "XX_A_00_B_H_Z", 2, { recordLength: 4096, samples: 900 });
      const peer = await SeedLinkPeer.connect(server.port);
      peer.send("STATION A XX", "DATA ALL", "ENDFETCH");
      await peer.untilClosed();
      const got = peer.words
        .filter((word) => word.startsWith("SL"))
        .map((word) => Number(word.split(" ")[1]));
      if (protocol3 === "repack") assert.ok(got.length > 3 && got.every((length) => length === 512));
      else assert.deepEqual(got, lengths);
    });
  }

  it("nothing of what cannot be converted, which is told once", async () => {
    const events: DataLinkServerEvent[] = [];
    await using server = await listen({ onEvent: (event) => events.push(event) });
    for (let second = 0; second < 3; second++) {
      writeRecord(server, "XX_TOOLONGCODE_00_B_H_Z", second, { formatVersion: 3 });
      server.write({
        streamId: "FDSN:XX_BAD_00_B_H_Z/MSEED",
        dataStart: START,
        payload: "this is not a record",
      });
    }
    writeRecord(server, "XX_A_00_B_H_Z", 0);
    const peer = await SeedLinkPeer.connect(server.port);
    peer.send("STATION * *", "DATA ALL", "ENDFETCH");
    await peer.untilClosed();
    assert.deepEqual(numbersOf(peer.words), [7]);
    const omitted = events.flatMap((event) => (event.type === "omitted" ? [event.streamId] : []));
    assert.deepEqual(omitted.sort(), ["FDSN:XX_BAD_00_B_H_Z/MSEED", "FDSN:XX_TOOLONGCODE_00_B_H_Z/MSEED3"]);
  });

  it("miniSEED 3 where they ask for it, with the same samples", async () => {
    await using server = await listen();
    writeRecord(server, "XX_A_00_B_H_Z", 5, { samples: 100 });
    await using client = await SeedLinkClient.connect(`127.0.0.1:${server.port}`);
    for await (const { format, payload } of client.stream({ streams: "XX_A:BHZ:3", from: "earliest" })) {
      const [record] = readRecords(payload);
      assert.deepEqual([format, record!.formatVersion], ["3", 3]);
      assert.deepEqual(
        [...(record!.samples as Int32Array)],
        Array.from({ length: 100 }, (_, i) => 5 + i * 1000),
      );
      break;
    }
  });
});

describe("who may read what over SeedLink", () => {
  const ACCESS: DataLinkServerOptions = {
    access: {
      rules: [
        { from: "127.0.0.2", read: "^FDSN:XX_OPEN_" },
        { from: "127.0.0.3", readExcept: "_SECR_" },
        { from: "127.0.0.4", read: false },
        { from: "127.0.0.1", trusted: true },
      ],
      users: [
        { name: "guest", password: "guest", read: "^FDSN:XX_OPEN_" },
        { name: "all", password: "all" },
      ],
    },
  };
  let server: DataLinkServer;
  before(async () => {
    server = await listen(ACCESS);
    writeRecord(server, "XX_OPEN_00_B_H_Z", 0);
    writeRecord(server, "XX_SECR_00_B_H_Z", 1);
    writeRecord(server, "XX_OTHER_00_B_H_Z", 2);
  });
  after(() => server.close());

  async function fetchAs(address: string, ...login: string[]): Promise<string[]> {
    const peer = await SeedLinkPeer.connect(server.port, address);
    peer.send("SLPROTO 4.0", ...login, "STATION *", "DATA ALL", "ENDFETCH");
    await peer.untilClosed();
    return peer.words
      .filter((word) => word !== "OK\r\n")
      .map((word) => word.replace(/ \w+ \d+ \w+$/, "").trim());
  }

  it("by address", async () => {
    assert.deepEqual(await fetchAs("127.0.0.2"), ["SE2D 1", "END"]);
    assert.deepEqual(await fetchAs("127.0.0.3"), ["SE2D 1", "SE2D 3", "END"]);
    assert.deepEqual(await fetchAs("127.0.0.1"), ["SE2D 1", "SE2D 2", "SE2D 3", "END"]);
  });

  it("after a login, in place of what the address allows", async () => {
    const refusal = "ERROR AUTH Authentication required for streaming";
    assert.deepEqual(await fetchAs("127.0.0.4"), [refusal]);
    assert.deepEqual(await fetchAs("127.0.0.4", "AUTH USERPASS guest guest"), ["SE2D 1", "END"]);
    assert.deepEqual(await fetchAs("127.0.0.4", "AUTH USERPASS all all"), [
      "SE2D 1",
      "SE2D 2",
      "SE2D 3",
      "END",
    ]);
    const wrong = await fetchAs("127.0.0.4", "AUTH USERPASS all wrong");
    assert.deepEqual(wrong, ["ERROR AUTH Authentication failed, not allowed to connect", refusal]);
  });

  it("so that the others do not exist, in INFO and CAT, of either protocol", async () => {
    for (const protocol of ["3.1", "4.0"] as const) {
      const peer = await SeedLinkPeer.connect(server.port, "127.0.0.2");
      const items = ["STATIONS", "STREAMS", ...(protocol === "3.1" ? ["GAPS", "ALL"] : [])];
      await peer.ask(1 + items.length, `SLPROTO ${protocol}`, ...items.map((item) => `INFO ${item}`));
      const text = peer.received.toString();
      assert.ok(text.includes("OPEN") && !text.includes("SECR") && !text.includes("OTHER"), text);
      peer.end();
    }
    const peer = await SeedLinkPeer.connect(server.port, "127.0.0.2");
    assert.deepEqual(await peer.ask(2, "CAT"), ["XX OPEN  Station ID XX_OPEN\r\n", "END"]);
    peer.end();
  });

  it("and only the trusted see the connections", async () => {
    const peer = await SeedLinkPeer.connect(server.port, "127.0.0.3");
    await peer.ask(2, "SLPROTO 4.0", "INFO CONNECTIONS");
    assert.match(peer.words[1]!, /^INFO JE .*UNAUTHORIZED/);
    peer.end();
    const trusted = await SeedLinkPeer.connect(server.port);
    await trusted.ask(2, "SLPROTO 4.0", "INFO CONNECTIONS");
    assert.match(trusted.words[1]!, /^INFO JI .*"type":"SeedLink"/);
    trusted.end();
  });

  it("tries that fail are limited", async () => {
    const peer = await SeedLinkPeer.connect(server.port, "127.0.0.4");
    peer.send("SLPROTO 4.0", ...Array.from({ length: 10 }, () => "AUTH USERPASS all guess"));
    await peer.untilClosed();
    assert.equal(peer.words.filter((word) => word.startsWith("ERROR AUTH")).length, 5);
  });
});

const WAYS: [string, (server: DataLinkServer) => string, DataLinkServerOptions][] = [
  ["TCP", ({ port }) => `seedlink://127.0.0.1:${port}`, {}],
  ["TLS", ({ port }) => `seedlinks://127.0.0.1:${port}`, { tls: TLS }],
  ["WebSocket", ({ port }) => `ws://127.0.0.1:${port}/seedlink`, {}],
  ["WebSocket over TLS", ({ port }) => `wss://127.0.0.1:${port}/seedlink`, { tls: TLS }],
];

describe("our own client at our own server", () => {
  const options: SeedLinkSubscribeOptions = {
    from: "earliest",
    backoff: { minDelay: 5, maxDelay: 50 },
  };

  for (const [way, url, settings] of WAYS) {
    for (const protocol of ["3.1", "4.0"] as const) {
      it(`reads what is there and what comes, by ${way} and protocol ${protocol}`, async () => {
        await using server = await listen(settings);
        for (let second = 0; second < 300; second++)
          writeRecord(server, `XX_S${second % 3}_00_B_H_Z`, second);
        server.write({ streamId: "FDSN:XX_S0__S_O_H/JSON", dataStart: START, payload: "{}" });
        const seen: string[] = [];
        const packets = subscribeSeedLink(url(server), {
          ...options,
          protocol,
          ...(settings.tls && { tls: { rejectUnauthorized: false } }),
        });
        for await (const { station, dataStart } of packets) {
          seen.push(`${station} ${(dataStart - START) / 1e6}`);
          if (seen.length >= 300 && seen.length < 400) writeRecord(server, "XX_S1_00_B_H_Z", seen.length);
          if (seen.length === 400) break;
        }
        assert.equal(packets.identity?.protocol ?? protocol, protocol);
        const expected = Array.from({ length: 400 }, (_, i) => `XX_S${i < 300 ? i % 3 : 1} ${i}`);
        assert.deepEqual(seen, expected);
      });

      it(`lists stations by their names, by ${way} and protocol ${protocol}`, async () => {
        await using server = await listen(settings);
        for (const station of ["S", "B", "A", "C"]) writeRecord(server, `XX_${station}_00_B_H_Z`, 0);
        const tls = settings.tls && { tls: { rejectUnauthorized: false } };
        await using client = await SeedLinkClient.connect(url(server), { protocol, ...tls });
        const { stations } = await client.info("STATIONS");
        assert.deepEqual(
          stations.map(({ id }) => id),
          ["XX_A", "XX_B", "XX_C", "XX_S"],
        );
      });

      it(`tells of itself, by ${way} and protocol ${protocol}`, async () => {
        await using server = await listen({ ...settings, serverId: "Test & <Ring>" });
        writeRecord(server, "XX_S0_00_B_H_Z", 0);
        writeRecord(server, "XX_S0_00_B_H_Z", 5);
        const tls = settings.tls && { tls: { rejectUnauthorized: false } };
        await using client = await SeedLinkClient.connect(url(server), { protocol, ...tls });
        assert.equal(client.server.organization, "Test & <Ring>");
        assert.equal(client.server.protocol, protocol);
        const { stations } = await client.info("STREAMS");
        const [stream] = stations[0]!.streams;
        assert.deepEqual(
          [
            stations[0]!.id,
            stations[0]!.firstSequence,
            stations[0]!.nextSequence,
            stream!.id,
            stream!.start,
            stream!.end,
          ],
          ["XX_S0", 1n, 3n, "00_B_H_Z", START, START + 5_900_000],
        );
        assert.equal((await client.info("CONNECTIONS")).connections.length, 1);
        assert.ok((await client.info("CAPABILITIES")).capabilities.length > 3);
        if (protocol === "4.0")
          assert.deepEqual(Object.keys((await client.info("FORMATS")).filters).sort(), ["3", "native"]);
      });
    }
  }

  for (const [protocol, firstId] of [
    ["3.1", 1n],
    ["4.0", 1n],
    // The lower 24 bits begin anew meanwhile.
    ["3.1", 0x1ff_ffc0n],
  ] as const) {
    it(`goes on where it was when a server with a folder comes back, by protocol ${protocol}, from packet ${firstId} on`, async () => {
      await using folder = await temporaryFolder();
      const directory = path.join(folder.path, "ring");
      const checkpoint = new SeedLinkPositionFile(path.join(folder.path, "position"), assert.fail);
      let server = await listen({ directory });
      const { port } = server;
      const events: SeedLinkEvent[] = [];
      const seen: number[] = [];
      let second = 0;
      const writeSome = (count: number) => {
        for (let i = 0; i < count; i++, second++) {
          const packetId = second === 0 ? firstId : undefined;
          writeRecord(server, `XX_S${second % 2}_00_B_H_Z`, second, { packetId });
        }
      };
      writeSome(100);
      const packets = subscribeSeedLink(`127.0.0.1:${port}`, {
        ...options,
        protocol,
        checkpoint,
        onEvent: (event) => events.push(event),
      });
      const restart = async () => {
        await server.close();
        server = await listen({ directory, port });
        writeSome(50);
      };
      let restarted = Promise.resolve();
      for await (const packet of packets) {
        seen.push((packet.dataStart - START) / 1e6);
        packets.commit(packet);
        if (seen.length === 60 || seen.length === 140) restarted = restarted.then(restart);
        if (seen.length === 200) break;
      }
      await restarted;
      await server.close();
      // In order of each station; and none of them twice.
      for (const parity of [0, 1]) {
        const own = seen.filter((number) => number % 2 === parity);
        assert.deepEqual(
          own,
          Array.from({ length: 100 }, (_, i) => 2 * i + parity),
        );
      }
      assert.ok(!events.some(({ type }) => type === "gap"));
      assert.ok(events.some((event) => event.type === "resumed" && event.how === "position"));
    });
  }

  for (const protocol of ["3.1", "4.0"] as const) {
    it(`reads what a server without a folder has when it begins anew, by protocol ${protocol}`, async () => {
      let server = await listen();
      const { port } = server;
      const events: SeedLinkEvent[] = [];
      const seen: number[] = [];
      for (let second = 0; second < 20; second++) writeRecord(server, "XX_S0_00_B_H_Z", second);
      const onEvent = (event: SeedLinkEvent) => void events.push(event);
      const packets = subscribeSeedLink(`127.0.0.1:${port}`, { ...options, protocol, onEvent });
      const beginAnew = async () => {
        await server.close();
        server = await listen({ port });
        for (let second = 20; second < 25; second++) writeRecord(server, "XX_S0_00_B_H_Z", second);
      };
      let begun = Promise.resolve();
      for await (const { dataStart } of packets) {
        seen.push((dataStart - START) / 1e6);
        if (seen.length === 20) begun = beginAnew();
        if (seen.length === 25) break;
      }
      await begun;
      await server.close();
      assert.deepEqual(
        seen,
        Array.from({ length: 25 }, (_, i) => i),
      );
      assert.ok(events.some((event) => event.type === "resumed" && event.how === "restarted"));
    });
  }
});

// The SeedLink client against a server that behaves as SeisComP's does, and worse: rules 1, 4, 5, 8 and 10 of the reference.
import assert from "node:assert/strict";
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { packRecords } from "../../lib/mseed/index.ts";
import { SeedLinkClient } from "../../lib/seedlink/client.ts";
import { copyPosition, rewound, type SeedLinkPosition } from "../../lib/seedlink/position.ts";
import { SeedLinkError } from "../../lib/seedlink/protocol/errors.ts";
import type { SeedLinkPacket } from "../../lib/seedlink/protocol/packet.ts";
import { subscribeSeedLink } from "../../lib/seedlink/subscribe.ts";
import type { SeedLinkEvent, SeedLinkSubscribeOptions } from "../../lib/seedlink/subscription.ts";
import { tlsBridge } from "../support/network/bridges.ts";
import { certificateAuthority } from "../support/network/certificates.ts";
import { SeisCompServer } from "./seiscomp-server.ts";
import { received } from "./vectors.ts";

const BACKOFF = { minDelay: 5, maxDelay: 20 };

function record(station: string, n: number, channel = "H_H_Z"): Buffer {
  const series = {
    sourceId: `FDSN:${station}_00_${channel}`,
    startTime: 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000_000n,
    sampleRate: 10,
    samples: Int32Array.of(n),
  };
  return Buffer.from([...packRecords(series, { formatVersion: 2, recordLength: 512 })][0]!);
}

function records(station: string, from: number, to: number): Buffer[] {
  return Array.from({ length: to - from }, (_, i) => record(station, from + i));
}

/** Reads `wanted` packets, as `station number-of-its-second`. */
async function read(
  url: string,
  wanted: number,
  options: SeedLinkSubscribeOptions = {},
  onPacket: (count: number) => void = () => {},
): Promise<{ seen: string[]; events: SeedLinkEvent[]; position: SeedLinkPosition | undefined }> {
  const seen: string[] = [];
  const events: SeedLinkEvent[] = [];
  const onEvent = (event: SeedLinkEvent) => events.push(event);
  const packets = subscribeSeedLink(url, {
    backoff: BACKOFF,
    timeout: 3000,
    from: "earliest",
    ...options,
    onEvent,
  });
  for await (const packet of packets) {
    seen.push(`${packet.station} ${packet.dataStart / 1e6 - 1_700_000_000}`);
    packets.commit(packet);
    onPacket(seen.length);
    if (seen.length === wanted) break;
  }
  return { seen, events, position: packets.position };
}

function atPosition(position: SeedLinkPosition | undefined) {
  return { load: async () => position && copyPosition(position), save: () => {}, flush: async () => {} };
}

function expected(station: string, from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `${station} ${from + i}`);
}

describe("the SeedLink client", () => {
  let server: SeisCompServer;

  beforeEach(async () => {
    server = await SeisCompServer.start();
    server.stations.set("CO_JSC", { first: 0, records: records("CO_JSC", 0, 10) });
    server.stations.set("CO_HAW", { first: 0, records: records("CO_HAW", 0, 4) });
  });

  afterEach(async () => {
    await server[Symbol.asyncDispose]();
  });

  it("is asked several things at once, and gives each answer to who asked", async () => {
    await using client = await SeedLinkClient.connect(server.url, { timeout: 20_000 });
    const items = ["ID", "STATIONS", "STREAMS", "ID"] as const;
    const answers = await Promise.all(items.map((item) => client.info(item)));
    assert.deepEqual(
      answers.map(({ item }) => item),
      items,
    );
    assert.deepEqual(
      answers.map(({ stations }) => stations.length > 0),
      [false, true, true, false],
    );
  });

  it("rule 1: sends one command, waits for its answer, and sends the next", async () => {
    await read(server.url, 14, { streams: "CO_JSC:HHZ BHZ,CO_HAW" });
    assert.equal(server.pipelined, 0);
    assert.deepEqual(server.commands.slice(0, 9), [
      "HELLO",
      "INFO STATIONS",
      "STATION JSC CO",
      "SELECT HHZ",
      "SELECT BHZ",
      "DATA ALL",
      "STATION HAW CO",
      "DATA ALL",
      "END",
    ]);
  });

  it("brings packets again behind a position that is set back before them, and no others of other stations", async () => {
    const packets: SeedLinkPacket[] = [];
    const first = subscribeSeedLink(server.url, { streams: "CO_JSC,CO_HAW", from: "earliest" });
    for await (const packet of first) {
      packets.push(packet);
      first.commit(packet);
      if (packets.length === 14) break;
    }
    const lost = packets.filter(
      ({ station, dataStart }) => station === "CO_JSC" && dataStart >= 1_700_000_007e6,
    );
    const position = rewound(first.position!, lost);
    const options = { streams: "CO_JSC,CO_HAW", checkpoint: atPosition(position) };
    assert.deepEqual((await read(server.url, 3, options)).seen, expected("CO_JSC", 7, 10));
  });

  it("rules 4 and 5: goes on at each station's own number, after asking what there is", async () => {
    const { position } = await read(server.url, 14, { streams: "CO_JSC,CO_HAW" });
    server.stations.get("CO_JSC")!.records.push(record("CO_JSC", 10));
    server.commands.length = 0;
    const { seen, events } = await read(server.url, 1, {
      streams: "CO_JSC,CO_HAW",
      checkpoint: atPosition(position),
    });
    assert.deepEqual(seen, ["CO_JSC 10"]);
    assert.equal(server.commands[1], "INFO STATIONS");
    assert.deepEqual(
      server.commands.filter((command) => command.startsWith("DATA")),
      ["DATA 000009", "DATA 000003"],
    );
    assert.ok(events.some((event) => event.type === "resumed" && event.how === "position"));
  });

  it("asks for all anew where the number has become another packet's, and delivers only what it has not had", async () => {
    const { position } = await read(server.url, 10, { streams: "CO_JSC" });
    server.stations.set("CO_JSC", { first: 0, records: records("CO_JSC", 5, 25) });
    const { seen } = await read(server.url, 15, { streams: "CO_JSC", checkpoint: atPosition(position) });
    assert.deepEqual(seen, expected("CO_JSC", 10, 25));
    assert.ok(server.commands.includes("DATA ALL"));
  });

  it("says behind which packet of which station it cannot read on, where that stays so, and goes on once it can", async () => {
    const { records: held } = server.stations.get("CO_JSC")!;
    held[7] = Buffer.alloc(512, "?");
    const failures: string[] = [];
    const packets = subscribeSeedLink(server.url, {
      streams: "CO_JSC",
      from: "earliest",
      backoff: BACKOFF,
      onEvent: (event) => {
        if (event.type !== "disconnected") return;
        assert.equal(event.error.code, "PROTOCOL");
        failures.push(event.error.message);
        if (failures.length === 3) held[7] = record("CO_JSC", 7);
      },
    });
    const seen: number[] = [];
    for await (const packet of packets) {
      seen.push(packet.dataStart / 1e6 - 1_700_000_000);
      if (seen.length === 10) break;
    }
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(failures.length, 3);
    assert.doesNotMatch(failures[0]!, /each time anew/);
    assert.match(failures[1]!, /behind packet 6 of "CO_JSC" cannot be read, each time anew/);
    assert.match(failures[2]!, /behind packet 6 of "CO_JSC"/);
  });

  it("goes on without the list of stations where the server never sends it", async () => {
    server.habits = { answers: { "INFO STATIONS": "" } };
    const { seen } = await read(server.url, 14, { streams: "CO_JSC,CO_HAW", timeout: { command: 200 } });
    assert.deepEqual(seen.sort(), [...expected("CO_JSC", 0, 10), ...expected("CO_HAW", 0, 4)].sort());
    assert.equal(server.commands.filter((line) => line === "INFO STATIONS").length, 2);
  });

  it("tells what the server does not have any more", async () => {
    const { position } = await read(server.url, 10, { streams: "CO_JSC" });
    server.stations.set("CO_JSC", { first: 20, records: records("CO_JSC", 20, 25) });
    const { seen, events } = await read(server.url, 5, {
      streams: "CO_JSC",
      checkpoint: atPosition(position),
    });
    assert.deepEqual(seen, expected("CO_JSC", 20, 25));
    const gap = events.find((event) => event.type === "gap");
    assert.ok(
      gap?.type === "gap" &&
        gap.firstSequence === 10n &&
        gap.lastSequence === 19n &&
        gap.station === "CO_JSC",
    );
  });

  it("goes on over the end of 24-bit numbers, none lost and none twice", async () => {
    server.stations.set("CO_JSC", { first: 0xfffffa, records: records("CO_JSC", 0, 6) });
    const { seen, position } = await read(server.url, 12, { streams: "CO_JSC" }, (count) => {
      if (count !== 6) return;
      server.stations.set("CO_JSC", { first: 0xfffffa, records: records("CO_JSC", 0, 12) });
      server.cut();
    });
    assert.deepEqual(seen, expected("CO_JSC", 0, 12));
    assert.equal(position?.newest?.sequence, 0x1000005n);
  });

  it("leaves a station that is refused out, with its commands, names it, and reads the others", async () => {
    const { seen, events } = await read(server.url, 10, { streams: "XX_NOPE:HHZ,CO_JSC:HHZ" });
    assert.deepEqual(seen, expected("CO_JSC", 0, 10));
    const at = server.commands.indexOf("STATION NOPE XX");
    assert.equal(server.commands[at + 1], "STATION JSC CO");
    const named = events.filter((event) => event.type === "missing").flatMap((event) => event.stations);
    assert.deepEqual(
      named,
      ["XX_NOPE"],
      "once, also where the list of stations and the refusal both tell it",
    );
  });

  it("does not wait in silence where no station is left, but says so and tries again", async () => {
    const control = new AbortController();
    const events: SeedLinkEvent[] = [];
    const packets = subscribeSeedLink(server.url, {
      streams: "XX_NOPE",
      backoff: BACKOFF,
      signal: control.signal,
      onEvent: (event) => {
        events.push(event);
        if (events.filter(({ type }) => type === "refused").length === 2) control.abort();
      },
    });
    await assert.rejects(packets.next(), { code: "ABORTED" });
    const refused = events.find((event) => event.type === "refused");
    assert.match(refused?.type === "refused" ? refused.error.message : "", /XX_NOPE/);
    assert.ok(!server.commands.includes("END"));
  });

  it("never sends END behind a refused SELECT", async () => {
    server.habits = { answers: { SELECT: "ERROR\r\n" } };
    await using client = await SeedLinkClient.connect(server.url);
    await assert.rejects(client.stream({ streams: "CO_JSC:HHZ" }).next(), { code: "SERVER_ERROR" });
    assert.ok(!server.commands.includes("END"));
  });

  it("takes a refusal without a line end for whole after two seconds", async () => {
    server.habits = { answers: { STATION: "ERROR too many sta" } };
    await using client = await SeedLinkClient.connect(server.url, { timeout: 8000 });
    const failure = await client
      .stream({ streams: "CO_JSC" })
      .next()
      .catch((error: unknown) => error);
    assert.ok(failure instanceof SeedLinkError);
    assert.match((failure.cause as Error).message, /too many sta/);
  });

  it("rule 8: asks nothing but INFO ID while packets flow, and lives by its answer", async () => {
    const client = await SeedLinkClient.connect(server.url, { keepAlive: 40 });
    const stream = client.stream({ streams: "CO_JSC", from: "earliest" });
    for (let n = 0; n < 10; n++) await stream.next();
    const more = stream.next();
    await assert.rejects(client.info("STATIONS"), { code: "INVALID_ARGUMENT" });
    assert.equal((await client.info("ID")).organization, "Test");
    await server.heard("INFO ID", 3);
    await client.close();
    await assert.rejects(more, { code: "CLOSED" });
  });

  it("rule 10: ends the loop at END, and closes the connection itself", async () => {
    server.habits = { answers: { END: received("sc-fetch-all").subarray(-3) } };
    await using client = await SeedLinkClient.connect(server.url);
    assert.deepEqual(await client.stream({ streams: "CO_JSC" }).next(), { value: undefined, done: true });
    assert.match((await client.closed).message, /has been closed/);
  });

  it("streams a window of time, and refuses one that is none", async () => {
    const time = Date.UTC(2023, 10, 14) * 1000;
    for (const options of [
      { to: time },
      { from: "earliest", to: time },
      { from: time, to: time - 1 },
      { from: time, to: "soon" },
      { from: "soon" },
    ]) {
      await using client = await SeedLinkClient.connect(server.url);
      await assert.rejects(client.stream({ streams: "CO_JSC", ...options }).next(), {
        code: "INVALID_ARGUMENT",
      });
    }
    server.commands.length = 0;
    server.habits = { answers: { TIME: "OK\r\n", END: "END" } };
    for (const to of [time, time + 61_000_000]) {
      await using client = await SeedLinkClient.connect(server.url);
      assert.equal((await client.stream({ streams: "CO_JSC", from: time, to }).next()).done, true);
    }
    assert.deepEqual(
      server.commands.filter((command) => command.startsWith("TIME")),
      ["TIME 2023,11,14,00,00,00 2023,11,14,00,00,00", "TIME 2023,11,14,00,00,00 2023,11,14,00,01,01"],
    );
  });

  it("takes packets of 16 MiB, and none that is longer", async () => {
    const announced = (bytes: number) => {
      const header = Buffer.alloc(8 + 40);
      header.write("SL000001MS\x03", "latin1");
      header.writeUInt32LE(bytes - 40, 8 + 36);
      return header;
    };
    for (const [bytes, code] of [
      [16 * 1024 * 1024, "CONNECTION_LOST"],
      [16 * 1024 * 1024 + 1, "TOO_LARGE"],
    ] as const) {
      server.habits = { answers: { END: announced(bytes) } };
      server.commands.length = 0;
      await using client = await SeedLinkClient.connect(server.url);
      const next = client.stream({ streams: "CO_JSC" }).next();
      await server.heard("END", 1);
      if (code === "CONNECTION_LOST") server.cut();
      await assert.rejects(next, { code });
    }
  });

  it("names a station that the server does not know, and reads the others", async () => {
    const { seen, events } = await read(server.url, 4, { streams: "CO_HAW,CO_NOPE" });
    assert.deepEqual(seen, expected("CO_HAW", 0, 4));
    assert.deepEqual(
      events.flatMap((event) => (event.type === "missing" ? [[event.stations, event.error?.code]] : [])),
      // Not in the server's list; and refused when it is asked for all the same.
      [
        [["CO_NOPE"], undefined],
        [["CO_NOPE"], "SERVER_ERROR"],
      ],
    );
  });

  it("leaving a stream ends what waits for its next packet, and closes the connection", async () => {
    server.habits = { answers: { END: "" } };
    await using client = await SeedLinkClient.connect(server.url);
    const stream = client.stream({ streams: "CO_JSC" });
    const [first, second] = [stream.next(), stream.next()];
    await server.heard("END", 1);
    const over = { value: undefined, done: true };
    assert.deepEqual(await stream.return(), over);
    assert.deepEqual(await Promise.all([first, second]), [over, over]);
    assert.deepEqual(await stream.next(), over);
    assert.match((await client.closed).message, /has been closed/);
  });

  it("leaving a stream while its stations are asked for ends it too", async () => {
    server.habits = { answers: { STATION: "" } };
    await using client = await SeedLinkClient.connect(server.url);
    const stream = client.stream({ streams: "CO_JSC" });
    const next = stream.next();
    await server.heard("STATION JSC CO", 1);
    await stream.return();
    assert.deepEqual(await next, { value: undefined, done: true });
    assert.ok(!server.commands.includes("END"));
  });

  it("a stream that nobody has begun leaves the connection open", async () => {
    await using client = await SeedLinkClient.connect(server.url);
    await client.stream({ streams: "CO_JSC" }).return();
    assert.equal((await client.info("ID")).organization, "Test");
  });

  it("a second stream is refused, and the first goes on; what ended it is told once", async () => {
    const client = await SeedLinkClient.connect(server.url);
    await using stream = client.stream({ streams: "CO_JSC", from: "earliest" });
    const first = await stream.next();
    const other = client.stream({ streams: "CO_JSC" });
    await assert.rejects(other.next(), { code: "INVALID_ARGUMENT" });
    assert.deepEqual(await other.next(), { value: undefined, done: true });
    const second = await stream.next();
    assert.equal(second.value?.sequence, (first.value?.sequence ?? 0n) + 1n);
    for (let n = 2; n < 10; n++) await stream.next();
    const [more, evenMore] = [stream.next(), stream.next()];
    await client.close();
    await assert.rejects(more, { code: "CLOSED" });
    assert.deepEqual(await evenMore, { value: undefined, done: true });
    assert.deepEqual(await stream.next(), { value: undefined, done: true });
  });

  it("gives up on a server that does not answer, is not SeedLink, or closes", async () => {
    server.habits = { answers: { HELLO: "" } };
    await assert.rejects(SeedLinkClient.connect(server.url, { timeout: 100 }), { code: "TIMEOUT" });
    server.habits = { answers: { HELLO: "HTTP/1.1 400\r\nServer: x\r\n\r\n" } };
    await assert.rejects(SeedLinkClient.connect(server.url), { code: "WRONG_SERVER" });
    server.habits = { answers: { INFO: "HTTP/1.1" } };
    await using client = await SeedLinkClient.connect(server.url);
    await assert.rejects(client.info("ID"), { code: "PROTOCOL" });
    await assert.rejects(SeedLinkClient.connect("seedlink://127.0.0.1:1"), { code: "CONNECTION_REFUSED" });
    await assert.rejects(SeedLinkClient.connect("http://host"), { code: "INVALID_ADDRESS" });
  });

  it("does not send a password for all to read", async () => {
    const auth = { user: "me", password: "secret" };
    await assert.rejects(
      SeedLinkClient.connect("seedlink://203.0.113.1", { auth }),
      (error: SeedLinkError) => {
        return error.code === "INVALID_ARGUMENT" && !error.message.includes("secret");
      },
    );
    // A subscription does not try again what the caller has to mend.
    const packets = subscribeSeedLink("seedlink://203.0.113.1", {
      auth,
      onEvent: ({ type }) => assert.fail(`it tells of "${type}", and tries again`),
    });
    await assert.rejects(packets.next(), { code: "INVALID_ARGUMENT" });
    await assert.rejects(SeedLinkClient.connect(server.url, { auth }), { code: "NOT_SUPPORTED" });
    assert.ok(!server.commands.some((command) => command.includes("secret")));
  });

  it("logs in over TLS, and tells a refusal from an unreachable server", async () => {
    const authority = certificateAuthority();
    const target = Number(new URL(server.url.replace("seedlink:", "http:")).port);
    await using bridge = await tlsBridge(target, authority.issue(["127.0.0.1"]));
    const url = `seedlinks://127.0.0.1:${bridge.port}`;
    const answers = { SLPROTO: "OK\r\n", USERAGENT: "OK\r\n", AUTH: "OK\r\n" };
    server.habits = { hello: "SeedLink v4.0 (x) :: SLPROTO:4.0", answers };
    const options = { tls: { ca: authority.cert }, auth: { user: "me", password: "secret" } };
    await (await SeedLinkClient.connect(url, options)).close();
    assert.ok(server.commands.includes("AUTH USERPASS me secret"));
    server.habits = {
      ...server.habits,
      answers: { ...answers, AUTH: "ERROR AUTH Authentication failed\r\n" },
    };
    await assert.rejects(SeedLinkClient.connect(url, options), (error: SeedLinkError) => {
      return error.code === "NOT_PERMITTED" && !error.message.includes("secret");
    });
    await assert.rejects(SeedLinkClient.connect(url, { tls: {} }), { code: "CERTIFICATE_REJECTED" });
  });

  it("asks for protocol 4 only where it is offered", async () => {
    await (await SeedLinkClient.connect(server.url)).close();
    assert.ok(!server.commands.some((command) => command.startsWith("SLPROTO")));
    await assert.rejects(SeedLinkClient.connect(server.url, { protocol: "4.0" }), { code: "NOT_SUPPORTED" });
    server.habits = {
      hello: "SeedLink v4.0 (x) :: SLPROTO:4.0",
      answers: { SLPROTO: "OK\r\n", USERAGENT: "OK\r\n" },
    };
    server.commands.length = 0;
    await using client = await SeedLinkClient.connect(server.url);
    assert.equal(client.server.protocol, "4.0");
    assert.deepEqual(server.commands.slice(0, 2), ["HELLO", "SLPROTO 4.0"]);
  });

  it("does not read on while its reader is slow", async () => {
    server.stations.set("CO_JSC", { first: 0, records: records("CO_JSC", 0, 6000) });
    const packets = subscribeSeedLink(server.url, {
      streams: "CO_JSC",
      from: "earliest",
      maxInFlight: 5,
      backoff: BACKOFF,
    });
    for (let n = 0; n < 6000; n++) {
      const { value } = await packets.next();
      assert.equal(value?.sequence, BigInt(n));
      packets.commit(value!);
    }
    await packets.close();
  });

  it("rule 7: takes text and binary messages of WebSocket, and sends one command in each, with its line end", async () => {
    const socketServer = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/seedlink" });
    await once(socketServer, "listening");
    const { port } = socketServer.address() as { port: number };
    const commands: string[] = [];
    socketServer.on("connection", (socket) => {
      socket.on("message", (message: Buffer) => {
        commands.push(message.toString());
        const hello = "SeedLink v4.0 (RingServer/4.5.3) :: SLPROTO:4.0 CAP\r\nTest\r\n";
        if (commands.length === 1) socket.send(hello);
        else socket.send(Buffer.from("OK\r\n"));
      });
    });
    const client = await SeedLinkClient.connect(`ws://127.0.0.1:${port}`);
    assert.equal(client.server.protocol, "4.0");
    for (const command of commands) assert.match(command, /^[^\r\n]+\r\n$/);
    await client.close();
    socketServer.close();
    for (const socket of socketServer.clients) socket.terminate();
  });
});

// lib/server/: the server over TCP, by a bare peer that has no client code in it.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { DataLinkError } from "../../lib/datalink/protocol/errors.ts";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { DataLinkServer, type DataLinkServerEvent } from "../../lib/server/server.ts";
import { VERSION } from "../support/version.ts";
import { describe as inWords, Peer, write } from "./peer.ts";
import { RawPeer } from "./raw-peer.ts";

describe("datalink server", () => {
  let server: DataLinkServer;
  let peer: Peer;
  let events: DataLinkServerEvent[];
  const heard = new EventEmitter();

  async function happened(type: DataLinkServerEvent["type"]): Promise<void> {
    if (!events.some((event) => event.type === type)) await once(heard, type);
  }

  beforeEach(async () => {
    events = [];
    const onEvent = (event: DataLinkServerEvent) => {
      events.push(event);
      heard.emit(event.type);
    };
    server = await DataLinkServer.listen({ port: 0, ringBytes: 4096, onEvent });
    peer = await Peer.connect(server.port);
  });

  afterEach(async () => {
    peer.end();
    await server.close();
  });

  it("tells how far a reader is behind, in percent of the ring", async () => {
    for (let i = 0; i < 10; i++) await peer.ask(write("XX_A", "x"));
    const lag = () => server.connections.map(({ clientId, percentLag }) => `${clientId} ${percentLag}`);
    await peer.ask("ID reader");
    assert.deepEqual(lag(), ["reader 0"]);
    for (const [id, percent] of [
      [5, 50],
      [1, 90],
      [10, 0],
    ]) {
      await peer.ask(`POSITION SET ${id}`);
      assert.deepEqual(lag(), [`reader ${percent}`]);
    }
    await peer.ask("POSITION SET 5");
    assert.match(await peer.ask("INFO CONNECTIONS"), / PercentLag="50"/);
  });

  it("takes packets and gives them back", async () => {
    assert.equal(
      await peer.ask("ID me"),
      `ID DataLink v1.1 (SeisFlow/${VERSION}) :: DLPROTO:1.1 PACKETSIZE:512 WRITE`,
    );
    assert.equal(await peer.ask(write("A/TEXT", "one"), "READ 1"), "OK 1");
    assert.equal(inWords(await peer.next()), "PACKET A/TEXT 1 one");
  });

  it("streams from behind the position on, and on to what is written meanwhile", async () => {
    for (const text of ["one", "two", "three"])
      server.write({ streamId: "A/TEXT", dataStart: 1, payload: text });
    assert.equal(await peer.ask("POSITION SET 1"), "OK 1 Positioned to packet ID 1");
    peer.send("STREAM");
    assert.deepEqual((await peer.take(2)).map(inWords), ["PACKET A/TEXT 2 two", "PACKET A/TEXT 3 three"]);
    server.write({ streamId: "A/TEXT", dataStart: 1, payload: "four" });
    assert.equal(inWords(await peer.next()), "PACKET A/TEXT 4 four");
    assert.equal(await peer.ask("ENDSTREAM"), "ENDSTREAM");
    server.write({ streamId: "A/TEXT", dataStart: 1, payload: "five" });
    peer.send("STREAM");
    assert.equal(inWords(await peer.next()), "PACKET A/TEXT 5 five");
  });

  it("sends what MATCH selects and REJECT does not", async () => {
    assert.equal(
      await peer.ask(encodeFrame("MATCH 3", Buffer.from("A|B"))),
      "OK 0 0 streams selected after match",
    );
    assert.equal(
      await peer.ask(encodeFrame("REJECT 3", Buffer.from("B/T"))),
      "OK 0 0 streams selected after reject",
    );
    peer.send("STREAM");
    assert.match(await peer.ask("ID me"), /^ID/);
    for (const streamId of ["A/T", "B/T", "C/T", "B/J"])
      server.write({ streamId, dataStart: 1, payload: "" });
    assert.deepEqual((await peer.take(2)).map(inWords), ["PACKET A/T 1 ", "PACKET B/J 4 "]);
  });

  it("goes on at the earliest packet still there when the ring has overtaken a reader, and says so", async () => {
    server.write({ streamId: "A", dataStart: 1, payload: "x" });
    assert.equal(await peer.ask("POSITION SET EARLIEST"), "OK 1 Positioned to packet ID 1");
    for (let i = 0; i < 100; i++) server.write({ streamId: "A", dataStart: 1, payload: Buffer.alloc(500) });
    const { earliest, newest, packets } = server.status;
    assert.ok(earliest && newest);
    peer.send("STREAM");
    const ids = (await peer.take(packets)).map((reply) => reply.kind === "PACKET" && reply.packetId);
    assert.equal(ids[0], earliest.packetId);
    assert.equal(ids.at(-1), newest.packetId);
    assert.deepEqual(
      events.filter(({ type }) => type === "lapped").map((event) => event.type === "lapped" && event.missed),
      [Number(earliest.packetId) - 2],
    );
  });

  it("answers INFO", async () => {
    server.write({ streamId: "A<&>/T", dataStart: 1_700_000_000_000_000, payload: "" });
    assert.match(
      await peer.ask("INFO STATUS "),
      /^INFO STATUS <DataLink Version="DataLink v1.1 .*TotalStreams="1"/,
    );
    assert.match(await peer.ask("INFO STREAMS"), /<Stream Name="A&lt;&amp;&gt;\/T" EarliestPacketID="1"/);
    assert.match(await peer.ask("INFO CONNECTIONS"), /<Connection Type="DataLink" Host="127.0.0.1"/);
  });

  it("takes packets of any time that 64 bits hold, as ringserver does, and gives them back digit for digit", async () => {
    const times = [
      "1767270600000000",
      "9100000000000000",
      "1767270600000000123",
      "-9223372036854775807",
      "-9223372036854775808",
      "9223372036854775807",
      "1767270602000000",
    ];
    for (const [i, time] of times.entries()) {
      peer.send(encodeFrame(`WRITE FAR${i}/T ${time} ${time} A 1`, Buffer.from("x")));
      assert.equal(inWords(await peer.next()), `OK ${i + 1}`, time);
    }
    const raw = await RawPeer.connect(server.port);
    raw.send(times.map((_, i) => encodeFrame(`READ ${i + 1}`).toString("latin1")).join(""));
    await raw.until(() => raw.received.includes("FAR6"));
    raw.send(encodeFrame("POSITION SET 1").toString("latin1") + encodeFrame("STREAM").toString("latin1"));
    await raw.until(() => raw.received.split("FAR6").length > 2);
    for (const [i, time] of times.entries()) {
      const count = raw.received.match(
        new RegExp(`PACKET FAR${i}/T ${i + 1} \\d+ ${time} ${time} 1x`, "g"),
      )?.length;
      assert.equal(count, i === 0 ? 1 : 2, time);
    }
    assert.match(await peer.ask("INFO STREAMS"), /SelectedStreams="7".*Name="FAR6/);
    assert.match(await peer.ask("POSITION AFTER 9223372036854775806"), /^OK [67]/);
    assert.match(await peer.ask("POSITION AFTER 9223372036854775808"), /^ERROR/);
    peer.send(encodeFrame("WRITE FAR/T 9223372036854775808 0 A 1", Buffer.from("x")));
    assert.match(inWords(await peer.next()), /^ERROR 0 Error parsing WRITE/);
    raw.socket.destroy();
  });

  it("writes of its own what has usable times, and says which times those are", () => {
    const times = (more: object) => {
      const id = server.write({ streamId: "A/T", dataStart: 5, payload: "x", ...more });
      const { newest } = server.status;
      assert.equal(newest?.packetId, id);
      return [newest?.dataStart, newest?.dataEnd];
    };
    assert.deepEqual(times({}), [5, 5]);
    assert.deepEqual(times({ dataStart: new Date(1), dataEnd: "1970-01-01T00:00:01Z" }), [1000, 1e6]);
    for (const more of [
      { dataStart: "soon" },
      { dataEnd: "soon" },
      { dataStart: Number.NaN, dataEnd: "soon" },
    ])
      assert.throws(() => times(more), { code: "INVALID_ARGUMENT", message: /A\/T has no usable time/ });
    assert.equal(server.status.packets, 2);
  });

  it("tells what happens", async () => {
    await peer.ask("ID my program", write("A/T", "x"));
    await peer.next();
    peer.send("BYE");
    await happened("closed");
    assert.deepEqual(
      events.map(({ type, client }) => `${type} ${client?.clientId}`),
      ["connected ", "identified my program", "stream my program", "closed my program"],
    );
  });

  it("goes on where whoever listens to its events throws", async () => {
    const warned = once(process, "warning");
    await using other = await DataLinkServer.listen({
      port: 0,
      ringBytes: 4096,
      onEvent: () => {
        throw new Error("of the listener");
      },
    });
    const client = await Peer.connect(other.port);
    assert.match(await client.ask("ID me"), /^ID/);
    assert.equal(await client.ask(write("A/T", "x")), "OK 1");
    client.end();
    assert.match(String((await warned)[0]), /of the listener/);
  });

  it("hands out plain figures, with nothing of its inside", async () => {
    await peer.ask("ID me", write("A/T", "x"), "READ 1");
    await peer.take(2);
    const isPlain = (value: unknown): boolean =>
      typeof value !== "object" ||
      value === null ||
      ([Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value) as never) &&
        Object.values(value).every(isPlain));
    assert.ok(isPlain(server.status));
    assert.ok(isPlain(server.connections));
    const [client] = server.connections;
    assert.deepEqual([client?.clientId, client?.lastPacket?.packetId, client?.sent.packets], ["me", 1n, 1]);
    assert.doesNotThrow(() => structuredClone([server.status, server.connections]));
  });

  it("says what to do about a port that is taken", async () => {
    await assert.rejects(
      DataLinkServer.listen({ port: server.port }),
      (error) =>
        error instanceof DataLinkError &&
        error.code === "ADDRESS_IN_USE" &&
        error.message.includes(`${server.port}`),
    );
    await assert.rejects(
      DataLinkServer.listen({ port: 0, host: "192.0.2.1" }),
      (error) => error instanceof DataLinkError && error.code === "LISTEN_FAILED",
    );
  });
});

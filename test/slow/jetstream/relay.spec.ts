// `datalink relay` into a stream of JetStream and out of it, as a user starts it.
import assert from "node:assert/strict";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { datalink } from "../../../lib/cli/datalink/program.ts";
import {
  checkStream,
  connectJetStream,
  createStream,
  DataLinkClient,
  DataLinkServer,
  type JetStreamConnection,
  JetStreamWriter,
} from "../../../lib/index.ts";
import { run, Screen, start, temporaryFolder } from "../../cli/shell.ts";
import { countTwice, idsOf, managerOf, writePackets } from "../../jetstream/packets.ts";
import { type NatsServer, natsServer, needsNatsServer } from "../../support/network/nats-servers.ts";

describe("datalink relay and JetStream", function () {
  this.timeout(300_000);
  let server: NatsServer & AsyncDisposable;
  let connection: JetStreamConnection;
  let source: DataLinkServer;

  before(async function () {
    needsNatsServer(this);
    server = await natsServer();
    connection = await connectJetStream({ servers: server.url });
  });

  after(async () => {
    await connection?.close();
    await server?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    source = await DataLinkServer.listen({ port: 0 });
  });

  afterEach(() => source?.close());

  function fill(count: number, first = 1): void {
    for (let n = first; n < first + count; n++)
      source.write({
        streamId: `FDSN:XX_S${n % 5}__H_H_Z/JSON`,
        dataStart: n,
        dataEnd: n + 1,
        payload: JSON.stringify({ n }),
      });
  }

  /** Until the stream has so many. */
  async function until(stream: string, count: number): Promise<void> {
    for (;;) {
      const info = await checkStream(connection, stream).catch(() => undefined);
      if (info !== undefined && info.messages >= count) return;
      await pause(20);
    }
  }

  const create = ["--create", "--replicas", "1", "--max-bytes", "100M"];

  it("makes the stream, goes on where it stopped, and stores nothing twice after a crash", async () => {
    await using folder = await temporaryFolder();
    const state = path.join(folder.path, "state.json");
    const words = [
      "relay",
      source.url,
      `${server.url}/A`,
      "--from",
      "earliest",
      "--state",
      state,
      "--prefix",
      "a",
      "--window",
      "1s",
      ...create,
    ];
    fill(500);
    for (let round = 1; round <= 3; round++) {
      const relay = start("datalink", words);
      await until("A", round * 500);
      relay.kill("SIGKILL");
      await once(relay, "close");
      fill(500, round * 500 + 1);
      // Longer than the stream knows a packet again.
      await pause(1200);
    }
    const relay = start("datalink", words);
    await until("A", 2000);
    relay.kill("SIGTERM");
    assert.deepEqual(await once(relay, "close"), [0, null]);
    const ids = await idsOf(connection, "A");
    assert.deepEqual([ids.length, countTwice(ids)], [2000, 0]);
    assert.match(ids[0]!, new RegExp(`^127\\.0\\.0\\.1:${source.port}:1:\\d+$`));
  });

  it("takes over from another machine, without its position", async () => {
    await using folder = await temporaryFolder();
    fill(300);
    const words = (name: string) => [
      ...[
        "relay",
        source.url,
        `${server.url}/B`,
        "--from",
        "earliest",
        "--source",
        "ring",
        "--prefix",
        "b",
        "--window",
        "1s",
      ],
      ...["--state", path.join(folder.path, name), ...create],
    ];
    const first = start("datalink", words("first"));
    await until("B", 300);
    first.kill("SIGKILL");
    await once(first, "close");
    await pause(1200);
    fill(100, 301);
    const second = start("datalink", words("second"));
    await until("B", 400);
    second.kill("SIGTERM");
    await once(second, "close");
    const ids = await idsOf(connection, "B");
    assert.deepEqual([ids.length, countTwice(ids), ids[0]!.split(":")[0]], [400, 0, "ring"]);
  });

  it("takes over from another machine by SeedLink, too", async () => {
    const { readFileSync } = await import("node:fs");
    const { readRecords, recordPacket } = await import("../../../lib/index.ts");
    const bytes = readFileSync(path.join(__dirname, "../../../examples/earthquake.mseed"));
    const packets = [...readRecords(bytes)].map((record) => recordPacket(record));
    for (const packet of packets.slice(0, 25)) source.write(packet);
    const words = ["relay", `seedlink://127.0.0.1:${source.port}`, `${server.url}/S`, "--from", "earliest"];
    words.push("--source", "ring", "--prefix", "s", "--window", "1s", ...create);
    const first = start("datalink", words);
    await until("S", 25);
    first.kill("SIGKILL");
    await once(first, "close");
    // Longer than the stream knows a packet again.
    await pause(1200);
    for (const packet of packets.slice(25)) source.write(packet);
    const second = start("datalink", words);
    await until("S", packets.length);
    second.kill("SIGTERM");
    await once(second, "close");
    const ids = await idsOf(connection, "S");
    assert.deepEqual([ids.length, countTwice(ids)], [packets.length, 0]);
  });

  it("reads SeedLink too, and writes what it took to another DataLink server, in order", async () => {
    const { readFileSync } = await import("node:fs");
    const { readRecords, recordPacket } = await import("../../../lib/index.ts");
    const records = [
      ...readRecords(readFileSync(path.join(__dirname, "../../../examples/earthquake.mseed"))),
    ].slice(0, 60);
    for (const record of records) source.write(recordPacket(record));
    await using target = await DataLinkServer.listen({ port: 0, packetSize: 16_384 });
    const stop = new AbortController();
    const into = run(
      datalink,
      [
        "relay",
        `seedlink://127.0.0.1:${source.port}`,
        `${server.url}/C`,
        "--from",
        "earliest",
        "--prefix",
        "c",
        ...create,
      ],
      { signal: stop.signal },
    );
    const { packets } = source.status;
    await until("C", packets);
    const out = run(datalink, ["relay", `${server.url}/C?group=back&order=kept`, target.url], {
      signal: stop.signal,
    });
    while (target.status.packets < packets) await pause(20);
    stop.abort();
    const outcomes = await Promise.all([into, out]);
    for (const { exitCode, stderr } of outcomes) assert.deepEqual([exitCode, stderr], [0, ""]);
    await using from = await DataLinkClient.connect(source.url);
    await using to = await DataLinkClient.connect(target.url);
    const of = async (client: DataLinkClient) => {
      const payloads = new Map<string, string[]>();
      for (let id = 1n; id <= BigInt(packets); id++) {
        const { streamId, payload } = await client.read(id);
        payloads.set(streamId, [...(payloads.get(streamId) ?? []), payload.toString("base64")]);
      }
      return new Map([...payloads].sort(([a], [b]) => (a < b ? -1 : 1)));
    };
    assert.deepEqual(await of(to), await of(from));
    const { num_ack_pending } = await (await managerOf(connection)).consumers.info("C", "back-00");
    assert.equal(num_ack_pending, 0);
  });

  it("ends when it is interrupted while nobody takes its packets, and tells what is left", async () => {
    await using folder = await temporaryFolder();
    await using broker = await natsServer();
    const [one, two] = [await DataLinkServer.listen({ port: 0 }), await DataLinkServer.listen({ port: 0 })];
    await createStream(connection, { stream: "E", prefix: "e", replicas: 1, maxBytes: 1e8 });
    await using own = await connectJetStream({ servers: broker.url });
    await createStream(own, { stream: "E", replicas: 1, maxBytes: 1e8 });
    fill(10);
    const from = ["--from", "earliest"];
    const state = ["--state", path.join(folder.path, "state.json")];
    const stop = new AbortController();
    const relaying = [
      ["relay", source.url, one.url, ...from, ...state],
      ["relay", `${server.url}/E?group=g`, two.url, ...from],
      ["relay", source.url, `${broker.url}/E`, ...from],
    ].map((words) => {
      const stderr = new Screen();
      return { stderr, outcome: run(datalink, words, { stderr, signal: stop.signal }) };
    });
    await using writer = new JetStreamWriter(connection, { stream: "E" });
    await writePackets(writer, 10);
    const arrived = async () => (await checkStream(own, "E")).messages;
    while (one.status.packets < 10 || two.status.packets < 10 || (await arrived()) < 10) await pause(20);
    await Promise.all([one.close(), two.close(), broker.kill()]);
    // More than any of them has in its hands.
    fill(3000, 11);
    await writePackets(writer, 3000, 11);
    for (const { stderr } of relaying)
      while (!/Trying again|was lost/.test(stderr.text)) await once(stderr, "drawn");
    stop.abort();
    const left = [/The next start begins/, /They come again/, /Without --state/];
    for (const [i, { outcome }] of relaying.entries()) {
      const { exitCode, stderr } = await outcome;
      assert.equal(exitCode, 0, stderr);
      assert.match(stderr, /\d+ packets were read and not acknowledged/);
      assert.match(stderr, left[i]!);
    }
  });

  it("goes on where its group is gone for a while, once it has begun", async () => {
    await createStream(connection, { stream: "G", prefix: "g", replicas: 1, maxBytes: 1e8 });
    await using target = await DataLinkServer.listen({ port: 0 });
    await using writer = new JetStreamWriter(connection, { stream: "G" });
    await writePackets(writer, 10);
    const stop = new AbortController();
    const relaying = run(datalink, ["relay", `${server.url}/G?group=g`, target.url], { signal: stop.signal });
    while (target.status.packets < 10) await pause(20);
    const { consumers } = await managerOf(connection);
    while ((await consumers.info("G", "g")).num_ack_pending > 0) await pause(20);
    await consumers.delete("G", "g");
    await writePackets(writer, 10, 11);
    while (target.status.packets < 20) await pause(20);
    stop.abort();
    const { exitCode, stderr } = await relaying;
    assert.equal(exitCode, 0, stderr);
    assert.match(stderr, /consumer not found/);
  });

  it("tells how many it has passed on, and says at once what is wrong", async () => {
    fill(3);
    const stop = new AbortController();
    const stderr = new Screen();
    const words = [
      "relay",
      source.url,
      `${server.url}/D`,
      "-v",
      "--from",
      "earliest",
      "--prefix",
      "d",
      ...create,
    ];
    const relaying = run(datalink, words, { stderr, signal: stop.signal });
    while (!stderr.text.includes("3 FDSN:XX_S3__H_H_Z/JSON")) await once(stderr, "drawn");
    stop.abort();
    assert.equal((await relaying).exitCode, 0);
    assert.match(stderr.text, /3 packets passed on/);

    const url = `${server.url}/D`;
    for (const [argv, exitCode, message] of [
      [["relay", source.url, `${server.url}/missing`], 1, /stream missing.*there is no such stream/],
      [["relay", source.url, server.url], 2, /give nats:\/\//],
      [["relay", source.url, url, "--create"], 2, /needs --max-bytes/],
      [["relay", source.url, url, "--max-bytes", "5G"], 2, /are for --create/],
      [["relay", source.url, url, "--create", "--max-bytes", "much"], 2, /give a size/],
      [
        ["relay", source.url, url, "--create", "--max-bytes", "5G", "--replicas", "1"],
        1,
        /is there already, with maxBytes/,
      ],
      [["relay", source.url, url, "--source", "a b"], 1, /printable ASCII/],
      [["relay", url, source.url], 2, /give the group/],
      [["relay", url, url], 2, /one DataLink or SeedLink server/],
      [["relay", `${url}?group=g&nonsense=1`, source.url], 2, /there is no nonsense/],
      [["relay", source.url, "nats://u:secret@127.0.0.1:1/S"], 1, /nothing listens/],
    ] as const) {
      const outcome = await run(datalink, [...argv]);
      assert.equal(outcome.exitCode, exitCode, outcome.stderr);
      assert.match(outcome.stderr, message);
      assert.doesNotMatch(outcome.stderr, /secret|not enabled/);
    }
  });
});

// What no error tells: a cluster without a majority, and a full disk. People are told, packets wait, and it goes on.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  checkStream,
  connectJetStream,
  createStream,
  type JetStreamConnection,
  type JetStreamEvent,
  JetStreamWriter,
  type JetStreamWriterEvent,
  subscribeJetStream,
} from "../../../lib/index.ts";
import { countTwice, idsOf, packetOf, take, writePackets } from "../../jetstream/packets.ts";
import { recordEvents } from "../../support/events.ts";
import { newFolder } from "../../support/folders.ts";
import { natsCluster, natsServer, needsNatsServer } from "../../support/network/nats-servers.ts";

/** As soon as the servers have found each other. */
async function makeStream(connection: JetStreamConnection): Promise<void> {
  for (;;) {
    const info = await createStream(connection, { stream: "S", maxBytes: 1e9 }).catch(() => undefined);
    if (info?.leader !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const ROUNDS = 6;
const PER_ROUND = 1000;
const READERS = 6;

describe("JetStream in trouble", function () {
  this.timeout(300_000);

  before(function () {
    needsNatsServer(this);
  });

  it("without a majority is told to those who write and read, and what waited is stored once when it is back", async () => {
    await using cluster = await natsCluster();
    await using connection = await connectJetStream({ servers: cluster.url, timeout: 1000 });
    await makeStream(connection);
    const told = recordEvents<JetStreamWriterEvent>();
    const heard = recordEvents<JetStreamEvent>();
    await using writer = new JetStreamWriter(connection, { stream: "S", onEvent: told.onEvent });
    await using packets = subscribeJetStream(connection, { stream: "S", group: "g", onEvent: heard.onEvent });
    await writePackets(writer, 300);
    await take(packets, 300);
    const [one, two] = cluster.servers;
    await Promise.all([one!.kill(), two!.kill()]);
    const writing = writePackets(writer, 300, 301);
    const [mute, deaf] = await Promise.all([told.wait("stalled"), heard.wait("stalled")]);
    assert.deepEqual([mute.error.code, deaf.error.code], ["NO_ANSWER", "NO_ANSWER"]);
    assert.match(mute.error.message, /too few servers/);
    await Promise.all([one!.start(), two!.start()]);
    await writing;
    assert.ok((await told.wait("recovered")).seconds >= 5);
    await take(packets, 300);
    const ids = await idsOf(connection, "S");
    assert.deepEqual([ids.length, countTwice(ids)], [600, 0]);
  });

  it("is read to its end, also from a copy that is behind", async () => {
    await using cluster = await natsCluster();
    await using connection = await connectJetStream({ servers: cluster.url, timeout: 1000 });
    await makeStream(connection);
    await using writer = new JetStreamWriter(connection, { stream: "S" });
    const counts: number[] = [];
    const wanted: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const { leader } = await checkStream(connection, "S");
      const follower = cluster.servers.find(({ name }) => name !== leader)!;
      await follower.kill();
      await writePackets(writer, PER_ROUND, (round - 1) * PER_ROUND + 1);
      await follower.start();
      // The copy that is read is chosen by chance.
      const read = await Promise.all(Array.from({ length: READERS }, () => idsOf(connection, "S")));
      counts.push(...read.map((ids) => ids.length));
      wanted.push(...read.map(() => round * PER_ROUND));
    }
    assert.deepEqual(counts, wanted);
  });

  it("with a full disk is told, and goes on when there is room and the server was started again", async function () {
    const store = newFolder();
    const mount = (options: string) =>
      spawnSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", store]).status;
    if (mount("size=12m") !== 0) {
      console.log("    skipped: no small file system can be mounted here");
      this.skip();
    }
    try {
      await using server = await natsServer({ store });
      await using connection = await connectJetStream({ servers: server.url });
      await createStream(connection, { stream: "S", replicas: 1, maxBytes: 1e9 });
      const told = recordEvents<JetStreamWriterEvent>();
      await using writer = new JetStreamWriter(connection, { stream: "S", onEvent: told.onEvent });
      const count = 30_000;
      const writing = writePackets(writer, count, 1, {
        bytes: 512,
        streams: 300,
        time: 1_700_000_000_000_000,
      });
      const { error } = await told.wait("stalled");
      // Newer servers say it.
      assert.match(error.message, /full disk|no space left/);
      await server.kill();
      assert.equal(mount("remount,size=200m"), 0);
      await server.start();
      await writing;
      await told.wait("recovered");
      const ids = await idsOf(connection, "S");
      assert.deepEqual([ids.length, countTwice(ids)], [count, 0]);
      await writer.publish(packetOf(count + 1));
    } finally {
      spawnSync("umount", ["-l", store]);
    }
  });
});

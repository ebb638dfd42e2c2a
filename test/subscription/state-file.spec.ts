// lib/subscription/state-file.ts and DataLink's position in it: what is damaged is kept aside and told, once.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { PositionFile } from "../../lib/datalink/position-file.ts";
import { type SubscriptionEvent, subscribe } from "../../lib/datalink/subscribe.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { PositionError } from "../../lib/subscription/checkpoint.ts";
import { StateFile } from "../../lib/subscription/state-file.ts";
import { recordEvents } from "../support/events.ts";

describe("a position file", () => {
  let folder: string;
  let file: string;
  const fail = (error: Error) => assert.fail(error);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "position-"));
    file = path.join(folder, "position.json");
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it("gives back what was saved, the newest of many", async () => {
    const positions = new PositionFile(file, fail);
    assert.equal(await positions.load(), undefined);
    for (let n = 1n; n <= 1000n; n++) positions.save({ packetId: n, packetTime: 5, dataEnd: undefined });
    await positions.flush();
    const next = await new PositionFile(file, fail).load();
    assert.deepEqual(next, { packetId: 1000n, packetTime: 5, dataEnd: undefined });
    assert.deepEqual(await readdir(folder), ["position.json"]);
  });

  it("is written at once after a rest, and then five times a second at most", async () => {
    let writes = 0;
    const format = {
      write: (position: number) => [position, ++writes],
      read: (value: unknown) => value as number,
    };
    const positions = new StateFile(file, format, fail);
    const started = performance.now();
    positions.save(1);
    assert.equal(writes, 1);
    for (let n = 2; performance.now() < started + 700; n++) {
      positions.save(n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(writes <= (performance.now() - started) / 200 + 2, `${writes} writes`);
    await positions.flush();
  });

  it("holds positions of other kinds", async () => {
    type Stations = ReadonlyMap<string, bigint>;
    const format = {
      write: (stations: Stations) => Object.fromEntries([...stations].map(([id, n]) => [id, String(n)])),
      read: (value: unknown) =>
        new Map(Object.entries(value as Record<string, string>).map(([id, n]) => [id, BigInt(n)])),
    };
    const stations = new StateFile<Stations>(file, format, fail);
    stations.save(new Map([["XX_A", 5n]]));
    await stations.flush();
    assert.deepEqual(await stations.load(), new Map([["XX_A", 5n]]));
    await writeFile(file, '{"XX_A":"five"}');
    await assert.rejects(stations.load(), PositionError);
  });

  const damaged = {
    empty: "",
    "cut off": '{"packetId":"12',
    "zero bytes": "\0".repeat(64),
    "another document": "[1,2]",
    null: "null",
    "an id that is a number": '{"packetId":12}',
    "an id of 2^64": '{"packetId":"18446744073709551616"}',
    "an id no server gives": '{"packetId":"18446744073709551615"}',
    "a negative id": '{"packetId":"-1"}',
    "an id of many digits": `{"packetId":"${"9".repeat(50)}"}`,
  };
  for (const [name, text] of Object.entries(damaged)) {
    it(`is told and kept aside when it is damaged: ${name}`, async () => {
      await writeFile(file, text);
      const positions = new PositionFile(file, fail);
      await assert.rejects(
        positions.load(),
        (error: unknown) =>
          error instanceof PositionError &&
          error.code === "DAMAGED_POSITION" &&
          error.message.includes(file) &&
          /position\.json\.damaged/.test(error.message),
      );
      assert.equal(await readFile(`${file}.damaged`, "utf8"), text);
      assert.equal(await positions.load(), undefined, "told once");
    });
  }

  it("makes a subscription begin where `from` says, after an event", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    for (let n = 1; n <= 3; n++) server.write({ streamId: "XX_A/TEXT", dataStart: n, payload: `${n}` });
    await writeFile(file, '{"packetId":"18446744073709551616"}');
    const events = recordEvents<SubscriptionEvent>();
    const checkpoint = new PositionFile(file, fail);
    const options = { from: "earliest", checkpoint, onEvent: events.onEvent } as const;
    const url = `datalink://127.0.0.1:${server.port}`;
    for await (const packet of subscribe(url, options)) {
      assert.equal(packet.payload.toString(), "1");
      break;
    }
    const damage = events.all.filter((event) => event.type === "position-damaged");
    assert.equal(damage.length, 1);
    assert.equal(damage[0]!.error.code, "DAMAGED_POSITION");
    const again = recordEvents<SubscriptionEvent>();
    for await (const _packet of subscribe(url, { ...options, onEvent: again.onEvent })) break;
    assert.equal(again.count("position-damaged"), 0);
  });

  it("of another making, with a position no server can have, does the same", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    server.write({ streamId: "XX_A/TEXT", dataStart: 1, payload: "1" });
    const wrong = [
      { packetId: 2n ** 64n },
      { packetId: -1n },
      { packetId: 5 },
      {},
      { packetId: 1n, packetTime: 0.5 },
    ];
    for (const position of wrong) {
      const events = recordEvents<SubscriptionEvent>();
      const checkpoint = {
        load: async () => position as { packetId: bigint },
        save: () => {},
        flush: async () => {},
      };
      const packets = subscribe(`datalink://127.0.0.1:${server.port}`, {
        from: "earliest",
        checkpoint,
        onEvent: events.onEvent,
      });
      for await (const packet of packets) {
        assert.equal(packet.packetId, 1n);
        break;
      }
      assert.equal(events.count("position-damaged"), 1);
    }
    assert.throws(
      () => subscribe("127.0.0.1", { from: { packetId: 2n ** 64n } }),
      (error: { code?: string }) => error.code === "INVALID_ARGUMENT",
    );
  });
});

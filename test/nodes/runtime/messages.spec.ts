// What messages say about packets, records and positions: taken where it is beyond doubt, refused with words otherwise.
import assert from "node:assert/strict";
import { inspect } from "node:util";
import vm from "node:vm";
import { packRecords } from "../../../lib/index.ts";
import { readControl } from "../../../nodes/messages/control.ts";
import { messagePackets } from "../../../nodes/messages/message-packets.ts";
import { packetFields } from "../../../nodes/messages/packet-fields.ts";
import { seriesPayload } from "../../../nodes/messages/record-payload.ts";

const ID = "FDSN:XX_A_00_H_H_Z";
const series = {
  sourceId: ID,
  startTime: "2026-01-01T00:00:00.000000001Z",
  sampleRate: 1,
  samples: [1, 2, 3],
};
const [record] = packRecords({ ...series, samples: Int32Array.of(1, 2, 3) }, { formatVersion: 3 });
const MICROSECONDS = 1_795_914_399_716_791;
const TIME = new Date(1_795_914_399_716);
const INVALID = { name: "MessageError", code: "INVALID_MESSAGE" };

/** A value as a function node makes it, which has classes of its own. */
const foreign = (code: string): unknown => vm.runInNewContext(code);

describe("messages: times", () => {
  const start = (dataStart: unknown) =>
    packetFields({ topic: ID, datalink: { dataStart } }, "JSON").dataStart;

  it("are text, a Date, or a number that can only be microseconds", () => {
    assert.equal(start("2026-11-28T22:26:39.716791Z"), Date.UTC(2026, 10, 28, 22, 26, 39) * 1000 + 716_791);
    assert.equal(start(TIME), TIME.getTime() * 1000);
    assert.equal(start(foreign("new Date(1795914399716)")), TIME.getTime() * 1000);
    assert.equal(start(MICROSECONDS), MICROSECONDS);
    assert.equal(start(-MICROSECONDS), -MICROSECONDS);
    assert.equal(start(BigInt(MICROSECONDS) * 1000n), MICROSECONDS);
    assert.equal(start(0), 0);
    for (const none of [undefined, null, "", " "]) {
      assert.ok(Math.abs(start(none) - Date.now() * 1000) < 60e6, String(none));
    }
  });

  const doubtful = [
    1,
    5.5,
    -1,
    1_795_914_399,
    Date.now(),
    -Date.now(),
    2 ** 53,
    1e300,
    Number.NaN,
    Infinity,
    1n,
  ];
  const wrong = [
    "noon",
    "1795914399716",
    "2026-13-01",
    new Date(Number.NaN),
    true,
    {},
    [],
    Symbol("t"),
    () => 1,
  ];
  const far = ["1600-01-01T00:00:00Z", "2300-01-01T00:00:00Z", "+012026-01-01", 10n ** 20n];
  for (const name of ["dataStart", "dataEnd", "packetTime"]) {
    it(`are refused where it is in doubt what they mean: ${name}`, () => {
      for (const value of [...doubtful, ...wrong, ...far]) {
        const msg = { topic: ID, datalink: { dataStart: "1970-01-01", [name]: value } };
        assert.throws(() => packetFields(msg, "JSON"), {
          ...INVALID,
          message: new RegExp(`msg\\.datalink\\.${name} `),
        });
      }
    });
  }

  it("are read by the same rule for samples and positions", () => {
    for (const value of [...doubtful, ...wrong]) {
      assert.throws(() => seriesPayload({ ...series, startTime: value }), INVALID, inspect(value));
      assert.throws(() => readControl({ topic: "position", payload: value }), INVALID, inspect(value));
      const position = { topic: "position", payload: { packetId: "1", packetTime: value } };
      assert.throws(() => readControl(position), INVALID, inspect(value));
    }
    assert.equal(seriesPayload(series).series.startTime, series.startTime);
    assert.equal(seriesPayload({ ...series, startTime: MICROSECONDS }).series.startTime, MICROSECONDS);
    assert.deepEqual(readControl({ topic: "position", payload: foreign("new Date(5000)") }), {
      action: "position",
      from: new Date(5000),
    });
    assert.throws(() => seriesPayload({ ...series, startTime: "" }), {
      ...INVALID,
      message: /startTime is missing/,
    });
  });

  it("of a packet are in order", () => {
    const datalink = { dataStart: "2026-01-02", dataEnd: "2026-01-01" };
    assert.throws(() => packetFields({ topic: ID, datalink }, "JSON"), INVALID);
  });
});

describe("messages: packets of SeedLink", () => {
  const seedlink = {
    sequence: "7",
    dataStart: "2026-11-22T12:00:00.000000Z",
    dataEnd: "2026-11-22T12:00:01.000000Z",
  };
  const msg = { topic: "FDSN:XX_A_00_H_H_Z/MSEED", seedlink };
  const fields = (change: object = {}) => packetFields({ ...msg, ...change }, "MSEED");

  it("have the times that seedlink in tells, and are told from all others", () => {
    const { dataStart, dataEnd, packetTime, packetId, identity } = fields();
    assert.equal(dataStart, Date.parse(seedlink.dataStart) * 1000);
    assert.equal(dataEnd - dataStart, 1_000_000);
    assert.equal(packetTime, dataStart);
    assert.equal(packetId, undefined);
    assert.equal(fields().identity, identity);
    for (const change of [
      { topic: "FDSN:XX_B_00_H_H_Z/MSEED" },
      { seedlink: { ...seedlink, sequence: "8" } },
    ])
      assert.notEqual(fields(change).identity, identity);
  });

  it("are those of a ring once one has them", () => {
    const datalink = { packetId: "9", packetTime: "2026-11-22T13:00:00Z" };
    const { packetId, packetTime, identity } = fields({ datalink });
    assert.deepEqual([packetId, identity], [9n, undefined]);
    assert.equal(packetTime, Date.parse("2026-11-22T13:00:00Z") * 1000);
  });

  it("are left to themselves where a property of that name is somebody else's", () => {
    for (const other of [7, null, "x", {}, { sequence: 7 }, { sequence: "7" }]) {
      assert.equal(fields({ seedlink: other }).identity, undefined);
    }
  });
});

describe("messages: packet ids", () => {
  const id = (packetId: unknown) => packetFields({ topic: ID, datalink: { packetId } }, "JSON").packetId;

  it("are digits, or a number that is exact", () => {
    assert.equal(id("18446744073709551605"), 18446744073709551605n);
    assert.equal(id(4711), 4711n);
    assert.equal(id(0n), 0n);
    assert.equal(id(undefined), undefined);
    assert.deepEqual(readControl({ topic: "position", payload: { packetId: 7 } }), {
      action: "position",
      from: { packetId: 7n, time: undefined },
    });
  });

  it("are refused where they are not, or no longer, those of a packet", () => {
    const wrong = [
      2 ** 53,
      1.5,
      -1,
      Number.NaN,
      1e20,
      "1e5",
      "-1",
      "x",
      "18446744073709551616",
      2n ** 64n,
      {},
      true,
    ];
    for (const value of wrong) {
      assert.throws(() => id(value), INVALID, inspect(value));
      assert.throws(
        () => readControl({ topic: "position", payload: { packetId: value } }),
        INVALID,
        inspect(value),
      );
    }
  });
});

describe("messages: stream ids", () => {
  it("are text of a source and a type", () => {
    assert.equal(packetFields({ topic: ` ${ID} ` }, "JSON").streamId, `${ID}/JSON`);
    assert.equal(packetFields({ topic: "other", datalink: { streamId: `${ID}/TEXT` } }, "JSON").type, "TEXT");
  });

  it("are refused where they are anything else, and do not stand for another one", () => {
    const wrong = [5, Number.NaN, true, {}, [], Symbol("s"), "a b", "ä", "a\0", "x".repeat(64), "/JSON", 5n];
    for (const value of wrong) {
      assert.throws(() => packetFields({ topic: value }, "JSON"), INVALID, inspect(value));
      const msg = { topic: ID, datalink: { streamId: value } };
      assert.throws(() => packetFields(msg, "JSON"), INVALID, inspect(value));
    }
    for (const datalink of ["text", 5, true]) {
      assert.throws(() => packetFields({ topic: ID, datalink }, "JSON"), {
        ...INVALID,
        message: /msg\.datalink is/,
      });
    }
  });
});

describe("messages: payloads of packets", () => {
  const write = (payload: unknown, topic: string) => messagePackets({ payload, topic }, "");

  it("under a type of miniSEED are bytes and nothing else", () => {
    const values = [
      { a: 1 },
      "plain text",
      5,
      true,
      [1],
      [],
      series,
      record!.buffer,
      Int32Array.of(1),
      new Map(),
    ];
    for (const type of ["MSEED", "MSEED3", "MSEED/label"]) {
      for (const value of values) {
        const message = /but FDSN:XX_A_00_H_H_Z\/MSEED\S* is a stream of miniSEED: give a Buffer/;
        assert.throws(() => write(value, `${ID}/${type}`), { ...INVALID, message });
        assert.throws(() => messagePackets({ payload: value }, `${ID}/${type}`), INVALID);
        assert.throws(
          () => messagePackets({ payload: value, datalink: { streamId: `${ID}/${type}` } }, ""),
          INVALID,
        );
      }
    }
  });

  it("under TEXT are text", () => {
    for (const value of [{ a: 1 }, [1], series]) assert.throws(() => write(value, `${ID}/TEXT`), INVALID);
    assert.equal(String(write("text", `${ID}/TEXT`)[0]!.payload), "text");
    assert.equal(String(write(5, `${ID}/TEXT`)[0]!.payload), "5");
  });

  it("under JSON are values and documents", () => {
    assert.equal(String(write({ a: 1 }, ID)[0]!.payload), '{"a":1}');
    assert.equal(String(write('{"a": 1.0}', `${ID}/JSON`)[0]!.payload), '{"a": 1.0}');
    const invalid = { name: "DataLinkError", code: "INVALID_PAYLOAD" };
    for (const value of ["text", 5n, () => 1, Symbol("x")]) {
      assert.throws(() => write(value, `${ID}/JSON`), invalid, inspect(value));
    }
  });

  it("are bytes, also where a function node has made them", () => {
    const bytes = foreign(`Uint8Array.of(${Array.from(record!).join()})`);
    const [packet] = write(bytes, "");
    assert.equal(packet!.streamId, `${ID}/MSEED3`);
    assert.deepEqual(Buffer.from(packet!.payload), Buffer.from(record!));
    assert.throws(() => write(foreign("new Uint8Array(600)"), `${ID}/MSEED`), { code: "NOT_MINISEED" });
  });

  it("of miniSEED go to the stream of a setting, with a type", () => {
    const streamIds = ["FDSN:XX_B", "FDSN:XX_B/MSEED"].map(
      (id) => messagePackets({ payload: record }, id)[0]!.streamId,
    );
    assert.deepEqual(streamIds, ["FDSN:XX_B/MSEED3", "FDSN:XX_B/MSEED"]);
    assert.throws(() => messagePackets({ payload: record }, "not one"), INVALID);
  });
});

describe("messages: rates of samples", () => {
  it("are numbers", () => {
    assert.equal(seriesPayload({ ...series, sampleRate: "20" }).series.sampleRate, 20);
    for (const value of [Number.NaN, Infinity, "x", " ", [5], true, {}, 5n, Symbol("r"), null]) {
      assert.throws(() => seriesPayload({ ...series, sampleRate: value }), INVALID, inspect(value));
    }
  });
});

import assert from "node:assert/strict";
import { packRecords, type Series } from "../../lib/mseed/pack.ts";
import mseedDecode from "../../nodes/mseed-decode.ts";
import mseedEncode from "../../nodes/mseed-encode.ts";
import { type Flow, startFlow } from "../support/flow.ts";

const series: Series = {
  sourceId: "FDSN:CO_JSC_00_H_H_Z",
  startTime: "2026-11-22T06:19:29.123456789Z",
  sampleRate: 100,
  samples: Int32Array.from({ length: 1000 }, (_, index) => Math.round(1000 * Math.sin(index / 7))),
  publicationVersion: 2,
  flags: 4,
  extraHeaders: { FDSN: { Time: { Quality: 90 } } },
};

function packed(options: Parameters<typeof packRecords>[1] = {}, of: Series = series): Buffer {
  return Buffer.concat([...packRecords(of, { recordLength: 512, ...options })]);
}

describe("mseed decode and mseed encode nodes", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(decode: object = {}, encode: object = {}): Promise<void> {
    flow = await startFlow(
      [mseedDecode, mseedEncode],
      [
        { id: "decode", type: "mseed-decode", version: 1, wires: [["records", "encode"]], ...decode },
        { id: "encode", type: "mseed-encode", version: 1, wires: [["bytes"]], ...encode },
        { id: "catch", type: "catch", scope: ["decode", "encode"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["decode"], wires: [["completed"]] },
        ...["records", "bytes", "errors", "completed"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
  }

  it("warns of nothing where nothing is wrong, nor where problems are to be ignored", async () => {
    await start();
    flow.node("decode").receive({ payload: packed() });
    await flow.inbox("completed").next();
    assert.deepEqual([flow.warnings("decode"), flow.errors("decode")], [[], []]);
    await flow.stop();
    await start({ problems: "ignore" });
    flow.node("decode").receive({ payload: Buffer.concat([Buffer.alloc(300, 7), packed()]) });
    await flow.inbox("completed").next();
    assert.ok(flow.inbox("records").size > 0);
    assert.deepEqual([flow.warnings("decode"), flow.errors("decode")], [[], []]);
    await flow.stop();
    await start({ problems: "warn" });
    flow.node("decode").receive({ payload: Buffer.concat([Buffer.alloc(300, 7), packed()]) });
    await flow.inbox("completed").next();
    assert.equal(flow.warnings("decode").length, 1);
  });

  it("is done with a message when the last of its many records is sent", async () => {
    flow = await startFlow(
      [mseedEncode],
      [
        {
          id: "encode",
          type: "mseed-encode",
          version: 1,
          recordLength: "128",
          encoding: "int32",
          wires: [["bytes"]],
        },
        { id: "complete", type: "complete", scope: ["encode"], wires: [["encoded"]] },
        { id: "bytes", type: "helper", wires: [] },
        { id: "encoded", type: "helper", wires: [] },
      ],
    );
    let sentWhenDone = 0;
    flow.node("encoded").on("input", () => {
      sentWhenDone = flow.inbox("bytes").size;
    });
    flow
      .node("encode")
      .receive({ payload: { ...series, samples: Int32Array.from({ length: 4000 }, (_, i) => i) } });
    await flow.inbox("encoded").next();
    const records = flow.inbox("bytes").all();
    assert.ok(records.length > 200, `${records.length} records`);
    assert.equal(sentWhenDone, records.length);
    await new Promise(setImmediate);
    assert.equal(flow.inbox("bytes").size, 0);
  });

  it("sends a message per record, with header fields and samples, and everything else passed through", async () => {
    await start();
    const bytes = packed();
    flow.node("decode").receive({ payload: bytes, topic: "t", datalink: { packetId: "7" } });
    const first = await flow.inbox("records").next();
    const { samples, sampleCount, endTime, ...header } = first.payload as {
      samples: Int32Array;
      sampleCount: number;
      endTime: string;
    };
    assert.deepEqual(header, {
      sourceId: "FDSN:CO_JSC_00_H_H_Z",
      network: "CO",
      station: "JSC",
      location: "00",
      channel: "HHZ",
      startTime: "2026-11-22T06:19:29.123456789Z",
      sampleRate: 100,
      encoding: "steim2",
      formatVersion: 3,
      publicationVersion: 2,
      flags: 4,
      extraHeaders: { FDSN: { Time: { Quality: 90 } } },
    });
    assert.ok(samples instanceof Int32Array);
    assert.equal(samples.length, sampleCount);
    assert.equal(
      new Date(endTime).getTime() - new Date("2026-11-22T06:19:29.123Z").getTime(),
      (sampleCount - 1) * 10,
    );
    assert.equal(first.topic, "t");
    assert.deepEqual(first.datalink, { packetId: "7" });
    await flow.inbox("completed").next();
    assert.ok(flow.inbox("records").size > 0, "1000 samples take more than one record of 512 bytes");
  });

  for (const formatVersion of [2, 3] as const) {
    for (const encoding of ["steim1", "steim2", "int32", "float32", "float64", "int16"] as const) {
      it(`gives the same records back: version ${formatVersion}, ${encoding}`, async () => {
        await start({}, { output: "record" });
        // Version 2 has a place for flags and publication version, but its times have microseconds.
        const startTime = formatVersion === 2 ? "2026-11-22T06:19:29.123456Z" : series.startTime;
        const bytes = packed({ formatVersion, encoding }, { ...series, startTime });
        flow.node("decode").receive({ payload: bytes });
        const records: Buffer[] = [];
        let length = 0;
        while (length < bytes.length) {
          const { payload } = await flow.inbox("bytes").next();
          records.push(payload as Buffer);
          length += (payload as Buffer).length;
        }
        assert.deepEqual(Buffer.concat(records), bytes);
      });
    }
  }

  it("encodes as little as source id, start time, rate and plain numbers", async () => {
    await start();
    flow.node("encode").receive({
      payload: {
        sourceId: "FDSN:XX_TEST_00_B_H_Z",
        startTime: new Date(0),
        sampleRate: 20,
        samples: [1, 2, 3],
      },
    });
    const { payload } = await flow.inbox("bytes").next();
    assert.ok(Buffer.isBuffer(payload));
    flow.node("decode").receive({ payload });
    const record = (await flow.inbox("records").next()).payload as { samples: Int32Array; startTime: string };
    assert.deepEqual(record.samples, Int32Array.of(1, 2, 3));
    assert.equal(record.startTime, "1970-01-01T00:00:00Z");
  });

  it("writes what its settings ask for, all records in one Buffer", async () => {
    await start({}, { formatVersion: "2", encoding: "int32", recordLength: "1024", output: "buffer" });
    flow.node("encode").receive({ payload: { ...series, startTime: "2026-11-22T06:19:29.1234Z" } });
    const { payload } = await flow.inbox("bytes").next();
    assert.deepEqual(
      payload,
      packed(
        { formatVersion: 2, encoding: "int32", recordLength: 1024 },
        { ...series, startTime: "2026-11-22T06:19:29.1234Z" },
      ),
    );
  });

  it("scales samples, and encodes them as floats then", async () => {
    await start({ samples: "scaled", factor: "0.5" });
    flow.node("decode").receive({ payload: packed({}, { ...series, samples: [1, 2, 3] }) });
    const record = (await flow.inbox("records").next()).payload as { samples: Float64Array };
    assert.deepEqual(record.samples, Float64Array.of(0.5, 1, 1.5));
    flow.node("decode").receive({ payload: (await flow.inbox("bytes").next()).payload });
    const again = (await flow.inbox("records").next()).payload as { encoding: string };
    assert.equal(again.encoding, "float64");
  });

  it("gives plain arrays, chart points or headers only, if asked to", async () => {
    const payload = packed({}, { ...series, startTime: 1_000_000, samples: [5, 6] });
    await start({ output: "array" });
    flow.node("decode").receive({ payload });
    assert.deepEqual(((await flow.inbox("records").next()).payload as { samples: unknown }).samples, [5, 6]);
    await flow.stop();
    await start({ output: "chart" });
    flow.node("decode").receive({ payload });
    const chart = await flow.inbox("records").next();
    assert.deepEqual(chart.payload, [
      { x: 1000, y: 5 },
      { x: 1010, y: 6 },
    ]);
    assert.equal(chart.topic, "FDSN:CO_JSC_00_H_H_Z");
    await flow.stop();
    await start({ output: "header" });
    flow.node("decode").receive({ payload });
    assert.equal("samples" in ((await flow.inbox("records").next()).payload as object), false);
  });

  it("passes text and records without samples on as such", async () => {
    await start();
    flow.node("decode").receive({ payload: packed({}, { ...series, sampleRate: 0, samples: "hello" }) });
    const text = (await flow.inbox("records").next()).payload as { samples: string; encoding: string };
    assert.deepEqual([text.samples, text.encoding], ["hello", "text"]);
    flow.node("decode").receive({ payload: packed({}, { ...series, samples: undefined }) });
    const header = (await flow.inbox("records").next()).payload as object;
    assert.equal("samples" in header, false);
  });

  it("skips noise between records, with a warning", async () => {
    await start();
    flow.node("decode").receive({ payload: Buffer.concat([packed(), Buffer.alloc(100, 0xff), packed()]) });
    await flow.inbox("completed").next();
    assert.equal(flow.warnings("decode").length, 1);
    assert.match(flow.warnings("decode")[0]!, /^100 bytes at offset \d+ are not a record: skipped\.$/);
  });

  it("fails what has no record, and with the setting what has any defect", async () => {
    await start();
    flow.node("decode").receive({ payload: { json: true } });
    assert.match((await flow.inbox("errors").next()).error.message, /msg\.payload is not a Buffer/);
    flow.node("decode").receive({ payload: Buffer.from('{"json":true}') });
    assert.match((await flow.inbox("errors").next()).error.message, /msg\.payload has no miniSEED record: /);
    await flow.stop();
    await start({ problems: "fail" });
    flow.node("decode").receive({ payload: Buffer.concat([packed(), Buffer.alloc(100, 0xff), packed()]) });
    assert.equal((await flow.inbox("errors").next()).error.code, "NOT_MINISEED");
    assert.equal(flow.inbox("records").size, 0);
  });

  it("names what a payload to encode lacks", async () => {
    await start();
    const complaints: [payload: unknown, message: RegExp][] = [
      [Buffer.from("x"), /not an object with samples/],
      [{ startTime: 0, sampleRate: 1, samples: [] }, /sourceId is missing/],
      [{ sourceId: "FDSN:A_B_C_D_E_F", sampleRate: 1, samples: [1] }, /startTime is missing/],
      [{ sourceId: "FDSN:A_B_C_D_E_F", startTime: 0, samples: [1] }, /sampleRate is missing/],
      [
        { sourceId: "FDSN:A_B_C_D_E_F", startTime: "noon", sampleRate: 1, samples: [1] },
        /startTime is not a time/,
      ],
      [
        { sourceId: "FDSN:A_B_C_D_E_F", startTime: 0, sampleRate: 1, samples: ["1"] },
        /sample 0 is not a number/,
      ],
    ];
    for (const [payload, message] of complaints) {
      flow.node("encode").receive({ payload });
      assert.match((await flow.inbox("errors").next()).error.message, message);
    }
  });
});

import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { packRecords } from "../../lib/mseed/pack.ts";
import mseedArchive from "../../nodes/mseed-archive.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { newFolder } from "../support/folders.ts";

const records = [
  ...packRecords(
    {
      sourceId: "FDSN:CO_JSC_00_H_H_Z",
      startTime: "2026-11-22T23:59:55Z",
      sampleRate: 100,
      samples: Int32Array.from({ length: 2000 }, (_, i) => (i * i) % 1000),
    },
    { recordLength: 512 },
  ),
];
const bytes = Buffer.concat(records);

describe("mseed archive node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object = {}, userDir?: string): Promise<void> {
    flow = await startFlow(
      [mseedArchive],
      [
        { id: "archive", type: "mseed-archive", version: 1, layout: "SDS", wires: [["out"]], ...settings },
        { id: "catch", type: "catch", scope: ["archive"], wires: [["errors"]] },
        { id: "out", type: "helper", wires: [] },
        { id: "errors", type: "helper", wires: [] },
      ],
      userDir === undefined ? {} : { userDir },
    );
  }

  it("appends records as they are, each to the file of its day, and passes the message on", async () => {
    await start({ directory: "sds" });
    flow.node("archive").receive({ payload: bytes });
    const { archive, payload } = await flow.inbox("out").next();
    assert.equal(payload, bytes);
    assert.equal(archive.bytes, bytes.length);
    const days = [326, 327].map((day) =>
      path.join(flow.userDir, `sds/2026/CO/JSC/HHZ.D/CO.JSC.00.HHZ.D.2026.${day}`),
    );
    assert.deepEqual((archive as { files?: string[] }).files, days);
    assert.deepEqual(Buffer.concat(await Promise.all(days.map((file) => readFile(file)))), bytes);
  });

  it("takes another layout, and one's own", async () => {
    await start({ layout: "own", pattern: "%n.%s.mseed" });
    flow.node("archive").receive({ payload: bytes });
    const { archive } = await flow.inbox("out").next();
    assert.equal(path.relative(flow.userDir, archive.file), "archive/CO.JSC.mseed");
    await flow.stop();
    await start({ layout: "CHAN" });
    flow.node("archive").receive({ payload: bytes });
    assert.equal(path.basename((await flow.inbox("out").next()).archive.file), "CO.JSC.00.HHZ");
  });

  it("writes a packet once that comes again after a restart", async () => {
    const userDir = newFolder();
    const datalink = {
      streamId: "FDSN:CO_JSC_00_H_H_Z/MSEED3",
      packetId: "7",
      packetTime: "2026-11-22T23:59:59.000000Z",
      dataStart: "2026-11-22T23:59:55Z",
    };
    for (const appended of [records[0]!.length, 0]) {
      await start({ layout: "own", pattern: "all.mseed" }, userDir);
      flow.node("archive").receive({ payload: Buffer.from(records[0]!), datalink });
      assert.equal((await flow.inbox("out").next()).archive.bytes, appended);
      await flow.stop();
    }
    assert.deepEqual(await readFile(path.join(userDir, "archive/all.mseed")), Buffer.from(records[0]!));
    await rm(userDir, { recursive: true });
  });

  it("passes other packets on, and fails what is no miniSEED", async () => {
    await start();
    flow.node("archive").receive({ payload: { a: 1 }, datalink: { streamId: "FDSN:CO_JSC/JSON" } });
    assert.equal("archive" in (await flow.inbox("out").next()), false);
    flow.node("archive").receive({ payload: "text" });
    assert.match((await flow.inbox("errors").next()).error.message, /msg\.payload is not a Buffer/);
    flow.node("archive").receive({ payload: Buffer.from("garbage") });
    assert.equal((await flow.inbox("errors").next()).error.code, "INVALID_RECORD");
  });
});

import assert from "node:assert/strict";
import { existsSync, watch } from "node:fs";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import jsonlArchive from "../../nodes/jsonl-archive.ts";
import { temporaryFolder } from "../cli/shell.ts";
import { type Flow, startFlow } from "../support/flow.ts";

describe("jsonl archive node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [jsonlArchive],
      [
        { id: "archive", type: "jsonl-archive", version: 1, wires: [["out"]], ...settings },
        { id: "catch", type: "catch", scope: ["archive"], wires: [["errors"]] },
        { id: "complete", type: "complete", scope: ["archive"], wires: [["completed"]] },
        { id: "out", type: "helper", wires: [] },
        { id: "errors", type: "helper", wires: [] },
        { id: "completed", type: "helper", wires: [] },
      ],
    );
  }

  const datalink = {
    streamId: "FDSN:CO_JSC_00_H_H_Z/JSON",
    dataStart: "2026-11-22T06:19:29.804015Z",
    packetId: "18446744073709551605",
  };

  it("appends a line to the file of the packet's stream and time, then passes the message on", async () => {
    await start();
    flow.node("archive").receive({ payload: { volts: 12.5 }, datalink, kept: true });
    const msg = await flow.inbox("out").next();
    const file = path.join(flow.userDir, "archive/CO/JSC/2026/326/CO.JSC.00.HHZ.2026.326.06.jsonl");
    assert.deepEqual(msg.archive, { file, bytes: 15 });
    assert.equal(msg.kept, true);
    assert.deepEqual(msg.payload, { volts: 12.5 });
    assert.equal(await readFile(file, "utf8"), '{"volts":12.5}\n');
    await flow.inbox("completed").next();
  });

  it("has no status once it is stopped, nor changes it after that", async () => {
    await start();
    flow.node("archive").receive({ payload: 1, datalink });
    await flow.status("archive", ({ fill }) => fill === "green");
    const shown: unknown[] = [];
    flow.node("archive").status = (status) => shown.push(status);
    await flow.stop();
    assert.deepEqual(shown, [{}]);
    // A timer that was left would change it soon: nothing has been written for a second.
    await delay(4500);
    assert.deepEqual(shown, [{}]);
  });

  it("keeps numbers and key order of a document given as bytes or text", async () => {
    await start({ pattern: "all.jsonl", directory: "elsewhere" });
    flow
      .node("archive")
      .receive({ payload: Buffer.from('{"b": 1.50,\n "a": 12345678901234567890}'), datalink });
    flow.node("archive").receive({ payload: "[1.0]", datalink });
    const [first] = await flow.inbox("out").take(2);
    assert.equal(await readFile(first!.archive.file, "utf8"), '{"b":1.50,"a":12345678901234567890}\n[1.0]\n');
  });

  it("takes a stream id from msg.topic, and the present time", async () => {
    await start({ pattern: "%Y/%s.jsonl" });
    flow.node("archive").receive({ payload: [1], topic: "FDSN:XX_TEST_00_S_O_H" });
    const { archive } = await flow.inbox("out").next();
    assert.equal(
      path.relative(flow.userDir, archive.file),
      `archive/${new Date().getUTCFullYear()}/TEST.jsonl`,
    );
  });

  it("passes packets of other types on without writing them", async () => {
    await start();
    const payload = Buffer.from("MS");
    flow
      .node("archive")
      .receive({ payload, datalink: { ...datalink, streamId: "FDSN:CO_JSC_00_H_H_Z/MSEED" } });
    const msg = await flow.inbox("out").next();
    assert.equal(msg.payload, payload);
    assert.equal("archive" in msg, false);
  });

  it("fails a message without a stream id, and one whose payload is no JSON, with a sentence", async () => {
    await start();
    flow.node("archive").receive({ payload: {} });
    assert.match((await flow.inbox("errors").next()).error.message, /has no stream id: put one such as/);
    flow.node("archive").receive({ payload: "{oops", datalink });
    const { error } = await flow.inbox("errors").next();
    assert.match(error.message, /Packet 18446744073709551605 of FDSN:CO_JSC_00_H_H_Z\/JSON is not archived/);
    assert.equal(error.code, "INVALID_JSON");
    assert.equal(flow.inbox("completed").size, 0);
  });

  it("fails every message with what is wrong with its settings", async () => {
    await start({ pattern: "%q/x.jsonl" });
    flow.node("archive").receive({ payload: {}, datalink });
    const { error } = await flow.inbox("errors").next();
    assert.equal(error.code, "INVALID_PATTERN");
  });

  it("keeps its journal over a deploy, and takes it along when it is removed", async () => {
    await start({ once: true });
    const packetTime = "2026-11-22T06:19:30Z";
    flow.node("archive").receive({ payload: {}, datalink: { ...datalink, packetTime } });
    await flow.inbox("completed").next();
    const journal = path.join(flow.userDir, "datalink/archive.journal");
    await flow.node("archive").close(false);
    assert.ok(existsSync(journal));
    await writeFile(`${journal}.1`, "");
    await flow.node("archive").close(true);
    assert.deepEqual(await readdir(path.dirname(journal)), []);
  });

  it("compresses files after the days that its settings say", async () => {
    await start({ pattern: "all.jsonl", gzipDays: "0" });
    flow.node("archive").receive({ payload: {}, datalink });
    const { error } = await flow.inbox("errors").next();
    assert.match(error.message, /Compress files after is "0": give a number from 0\.01 to 36500/);
    await flow.stop();

    await using folder = await temporaryFolder();
    const file = path.join(folder.path, "all.jsonl");
    await writeFile(file, "1\n");
    await utimes(file, 0, 0);
    const compressed = new Promise<void>((resolve) => {
      const watcher = watch(folder.path, (_change, name) => {
        if (name !== "all.jsonl.gz") return;
        watcher.close();
        resolve();
      });
    });
    await start({ pattern: "all.jsonl", directory: folder.path, gzipDays: "1" });
    await compressed;
    assert.equal(gunzipSync(await readFile(`${file}.gz`)).toString(), "1\n");
  });
});

// lib/archive/json-lines.ts: packets go into the lines of the right files.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { ArchiveEvent } from "../../lib/archive/events.ts";
import { JsonLinesArchive } from "../../lib/archive/json-lines.ts";

const START = Date.UTC(2026, 10, 22, 6, 30) * 1000;
const HOUR = 3_600_000_000;

function packet(payload: string | Uint8Array, streamId = "FDSN:XX_SOH_00_L_O_G/JSON", dataStart = START) {
  return {
    streamId,
    dataStart,
    payload: typeof payload === "string" ? Buffer.from(payload) : payload,
    packetId: 7n,
  };
}

describe("JSON Lines archive", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "archive-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const pattern = () => `${folder}/%n/%s/%Y/%j/%n.%s.%l.%c.%Y.%j.%H.jsonl`;
  const read = (name: string) => readFile(path.join(folder, name), "utf8");

  it("writes one line per packet into the file of its stream and hour", async () => {
    await using archive = new JsonLinesArchive({ pattern: pattern() });
    const first = await archive.write(packet('{"a": 1}'));
    assert.deepEqual(first, {
      file: path.join(folder, "XX/SOH/2026/326/XX.SOH.00.LOG.2026.326.06.jsonl"),
      bytes: 9,
    });
    assert.equal(await readFile(first!.file, "utf8"), '{"a": 1}\n');
    await Promise.all([
      archive.write(packet("{\n}")),
      archive.write(packet("[1]", "FDSN:XX_SOH_00_L_O_G/JSON", START + HOUR)),
      archive.write(packet("[2]", "FDSN:XX_SOH__W_KX_Z/JSON/label")),
      archive.write(packet("[3]", "CO_JSC_00_HHZ/JSON")),
    ]);
    assert.equal(await readFile(first!.file, "utf8"), '{"a": 1}\n{}\n');
    assert.equal(await read("XX/SOH/2026/326/XX.SOH.00.LOG.2026.326.07.jsonl"), "[1]\n");
    assert.equal(await read("XX/SOH/2026/326/XX.SOH..W_KX_Z.2026.326.06.jsonl"), "[2]\n");
    assert.equal(await read("CO/JSC/2026/326/CO.JSC.00.HHZ.2026.326.06.jsonl"), "[3]\n");
  });

  it("keeps every digit, key, escape and blank of a document as it came; of one with line breaks all but its blanks", async () => {
    await using archive = new JsonLinesArchive({ pattern: `${folder}/x.jsonl` });
    const plain =
      '{"t":1795914399716791123, "f": 1.10,"e":1E400 ,"n":-0.0,"big":123456789012345678901234567890,"a":1,"a":2,"s":"\\u0041\\/ \\n  é"}';
    await archive.write(packet(plain));
    await archive.write(packet(` \r\n\t${plain}\n\n`));
    await archive.write(packet('[ 1.10,\r\n  {"k" :\t"a  b"},\n1E400 ]'));
    await archive.write(packet("\uFEFF1.50"));
    assert.equal(await read("x.jsonl"), `${plain}\n${plain}\n[1.10,{"k":"a  b"},1E400]\n1.50\n`);
  });

  it("uses a band's own pattern", async () => {
    const bandPatterns = { W: `${folder}/daily/%n.%s.%j.jsonl` };
    await using archive = new JsonLinesArchive({ pattern: pattern(), directory: folder, bandPatterns });
    await archive.write(packet("1", "FDSN:XX_A__W_K_O/JSON"));
    assert.equal(await read("daily/XX.A.326.jsonl"), "1\n");
  });

  it("leaves packets of other types alone", async () => {
    await using archive = new JsonLinesArchive({ pattern: pattern() });
    for (const type of ["/MSEED", "/MSEED3", "/TEXT", ""]) {
      assert.equal(await archive.write(packet("{}", `FDSN:XX_A__L_O_G${type}`)), undefined);
    }
    await archive.close();
    assert.deepEqual(await readdir(folder), []);
  });

  it("takes stream ids without codes only where the pattern needs none", async () => {
    await using archive = new JsonLinesArchive({ pattern: pattern() });
    await assert.rejects(archive.write(packet("{}", "weather/JSON")), {
      code: "INVALID_STREAM_ID",
      message: /"weather\/JSON"/,
    });
    await using plain = new JsonLinesArchive({ pattern: `${folder}/all.%Y.jsonl` });
    await plain.write(packet("{}", "weather/JSON"));
    assert.equal(await read("all.2026.jsonl"), "{}\n");
  });

  it("writes compressed documents as what they are", async () => {
    const compressed = Buffer.from(
      "QlpoOTFBWSZTWcGufAEAABqbgFAEOBAACgZkjEogADFMJpoDTEGmqenqRmobU9JdwR60wVRHPQw8ZCZ41pspAyZbgNeqS3v8XckU4UJDBrnwBA==",
      "base64",
    );
    await using archive = new JsonLinesArchive({ pattern: `${folder}/%s.jsonl`, maxDocumentBytes: 55 });
    await archive.write(packet(compressed, "FDSN:XX_A/BZJSON"));
    assert.equal(await read("A.jsonl"), '{"id": 1, "text": "hello hello hello", "list": [1,2,3]}\n');
    await assert.rejects(archive.write(packet("{}", "FDSN:XX_A/BZJSON")), {
      code: "INVALID_JSON",
      message: /are not bzip2/,
    });
    await using small = new JsonLinesArchive({ pattern: `${folder}/%s.jsonl`, maxDocumentBytes: 54 });
    await assert.rejects(small.write(packet(compressed, "FDSN:XX_A/BZJSON")), {
      code: "TOO_LARGE",
      message: /^Packet 7 of/,
    });
  });

  it("refuses what is not JSON, names the packet, and keeps it aside if asked", async () => {
    await using archive = new JsonLinesArchive({ pattern: `${folder}/%s.jsonl`, keepRejected: true });
    await assert.rejects(archive.write(packet(new Uint8Array([0x7b, 0xff]))), {
      name: "ArchiveError",
      code: "INVALID_JSON",
      message: /^Packet 7 of FDSN:XX_SOH_00_L_O_G\/JSON is not archived: it is not valid UTF-8\. It is kept/,
    });
    const kept = JSON.parse(await read("SOH.jsonl.rejected"));
    assert.deepEqual(kept, {
      streamId: "FDSN:XX_SOH_00_L_O_G/JSON",
      packetId: "7",
      dataStart: START,
      reason: "it is not valid UTF-8",
      payload: "e/8=",
    });
    await using careless = new JsonLinesArchive({ pattern: `${folder}/x/%s.jsonl` });
    await assert.rejects(careless.write(packet("{")), { code: "INVALID_JSON" });
    assert.deepEqual(await readdir(folder), ["SOH.jsonl.rejected"]);
  });

  it("keeps the order of writes, and close waits for them", async () => {
    const archive = new JsonLinesArchive({ pattern: `${folder}/%s.jsonl`, maxPendingBytes: 1000 });
    const writes = Array.from({ length: 1000 }, (_, i) => archive.write(packet(String(i))));
    await archive.close();
    assert.equal(await read("SOH.jsonl"), Array.from({ length: 1000 }, (_, i) => `${i}\n`).join(""));
    assert.equal((await Promise.all(writes)).length, 1000);
    await assert.rejects(archive.write(packet("1")), { code: "CLOSED" });
  });

  it("keeps no more files open than it may", async () => {
    await using archive = new JsonLinesArchive({ pattern: `${folder}/%s.jsonl`, maxOpenFiles: 3 });
    for (let round = 0; round < 3; round++) {
      const stations = Array.from({ length: 20 }, (_, i) => `S${i}`);
      await Promise.all(
        stations.map((station) => archive.write(packet(String(round), `FDSN:XX_${station}/JSON`))),
      );
    }
    assert.equal((await readdir(folder)).length, 20);
    for (const name of await readdir(folder)) assert.equal(await read(name), "0\n1\n2\n");
  });

  it("sets a torn last line aside, and never joins it", async () => {
    await writeFile(path.join(folder, "SOH.jsonl"), '{"a":1}\n{"b":');
    const events: ArchiveEvent[] = [];
    await using archive = new JsonLinesArchive({
      pattern: `${folder}/%s.jsonl`,
      onEvent: (event) => events.push(event),
    });
    await archive.write(packet("2"));
    assert.equal(await read("SOH.jsonl"), '{"a":1}\n2\n');
    assert.equal(await read("SOH.jsonl.torn"), '{"b":\n');
    const file = path.join(folder, "SOH.jsonl");
    assert.deepEqual(events, [{ type: "torn", file, aside: `${file}.torn`, bytes: 5 }]);
  });

  for (const [what, whole, torn] of [
    ["that is its first", "", '{"half'],
    ["that is its first, of 100,000 bytes", "", `{"half":"${"x".repeat(100_000)}`],
    ["of 70,000 bytes behind a whole one", '{"a":1}\n', `{"half":"${"x".repeat(70_000)}`],
    ["of 65,536 bytes behind a whole one", '{"a":1}\n', "x".repeat(65_536)],
  ] as const) {
    it(`sets a torn line aside ${what}`, async () => {
      await writeFile(path.join(folder, "SOH.jsonl"), whole + torn);
      await using archive = new JsonLinesArchive({ pattern: `${folder}/%s.jsonl` });
      await archive.write(packet("2"));
      assert.equal(await read("SOH.jsonl"), `${whole}2\n`);
      assert.equal(await read("SOH.jsonl.torn"), `${torn}\n`);
    });
  }

  it("creates nothing outside its directory, whatever the stream ids", async () => {
    const inside = path.join(folder, "archive");
    const codes = [
      "..",
      ".",
      "",
      "/",
      "..%2f",
      "A/../..",
      "\0",
      "-rf",
      "~",
      "$HOME",
      "`id`",
      "a\nb",
      "x".repeat(80),
      "\ud800",
      "C:\\x",
    ];
    const streams = codes.flatMap((code) => [
      `FDSN:${code}_${code}_${code}_B_H_Z/JSON`,
      `FDSN:XX_${code}/JSON`,
      `${code}_${code}_${code}_BHZ/JSON`,
      `FDSN:XX_A__${code}_${code}_${code}/JSON/${code}`,
      `${code}/JSON`,
    ]);
    await using archive = new JsonLinesArchive({ pattern: `${inside}/%n/%s/%l/%n.%s.%l.%c.jsonl` });
    const outcomes = await Promise.allSettled(
      streams.map((streamId) => archive.write(packet("1", streamId))),
    );
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled")
        assert.ok(!outcome.value || outcome.value.file.startsWith(`${inside}/`));
      else assert.match(outcome.reason.code, /^(INVALID_STREAM_ID|PATH_ESCAPES)$/);
    }
    assert.ok(outcomes.filter(({ status }) => status === "fulfilled").length > 40);
    assert.deepEqual(await readdir(folder), ["archive"]);
    for (const entry of await readdir(inside, { recursive: true })) assert.match(entry, /^[\w/.%-]+$/);
  });

  it("refuses settings that cannot be used, before anything is opened", () => {
    assert.throws(() => new JsonLinesArchive({ pattern: "/nowhere/%x" }), { code: "INVALID_PATTERN" });
    assert.throws(() => new JsonLinesArchive({ pattern: pattern(), bandPatterns: { W: "%q" } }), {
      code: "INVALID_PATTERN",
    });
    assert.throws(() => new JsonLinesArchive({ pattern: pattern(), fsync: "always" as never }), {
      code: "INVALID_ARGUMENT",
    });
    assert.throws(() => new JsonLinesArchive({ pattern: pattern(), maxOpenFiles: 0 }), {
      code: "INVALID_ARGUMENT",
    });
  });
});

// lib/files/entry-format.ts: what the beginning of a file tells, and logs of version 0.1.0, which had other beginnings.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import {
  formatOf,
  isBarelyBegun,
  isNewer,
  type LogKind,
  newHead,
  possibleFormats,
  secretOf,
} from "../../lib/files/entry-format.ts";
import { EntryLog, type LogState, readLog, readLogNow } from "../../lib/files/entry-log.ts";

/** As the server's ring had them, and as the archives' journal. */
const MARKED: LogKind = {
  name: "Test log",
  oldTitle: "Test log 1\n",
  oldMark: Buffer.from("\nOLD"),
  oldLengthCountsAll: false,
};
const PLAIN: LogKind = {
  name: "Test log",
  oldTitle: "",
  oldMark: Buffer.alloc(0),
  oldLengthCountsAll: true,
};
const SECRET = Buffer.from("8 bytes.");
const TITLE = "Test log 2\n";

describe("the beginning of a log", () => {
  it("tells its secret where it is whole, and was only begun where it is short", () => {
    const { head, format } = newHead(MARKED, "label", SECRET);
    assert.equal(head.toString(), `${TITLE}8 bytes.`);
    for (let length = 0; length <= head.length; length++) {
      const piece = head.subarray(0, length);
      const isWhole = length === head.length;
      assert.deepEqual(secretOf(MARKED, piece), isWhole ? SECRET : undefined);
      assert.deepEqual(formatOf(MARKED, "label", piece), isWhole ? format : undefined);
      assert.equal(isBarelyBegun(MARKED, piece), !isWhole, `${length} bytes`);
    }
    assert.equal(isBarelyBegun(MARKED, Buffer.from("Test lag")), false);
    assert.equal(format.start, head.length);
    assert.notDeepEqual(newHead(MARKED, "other", SECRET).format.mark, format.mark);
    assert.notDeepEqual(
      secretOf(MARKED, newHead(MARKED, "label").head),
      secretOf(MARKED, newHead(MARKED, "label").head),
    );
  });

  it("is of a newer version where it says so, and in no other case", () => {
    const newer = ["Test log 3\n", "Test log 10\nwhatever", "Test log 03\n"];
    const others = [
      "Test log 2\n",
      "Test log 1\n",
      "Test log 3",
      "Test log 3.1\n",
      "Test log x\n",
      "Other log 3\n",
      "",
    ];
    for (const text of newer) assert.ok(isNewer(MARKED, Buffer.from(text)), text);
    for (const text of others) assert.ok(!isNewer(MARKED, Buffer.from(text)), text);
  });

  it("leaves some formats possible where it is damaged, those first that other files tell", () => {
    const bytes = Buffer.from(`Xest log 2\n8 bytes.THE MARKmore`);
    const told = newHead(MARKED, "label", SECRET).format;
    const found = { start: told.start, mark: Buffer.from("THE MARK"), lengthCountsAll: false };
    const old = { start: MARKED.oldTitle.length, mark: MARKED.oldMark, lengthCountsAll: false };
    assert.deepEqual(possibleFormats(MARKED, "label", bytes, [SECRET]), [told, found, old]);
    assert.deepEqual(possibleFormats(PLAIN, "label", bytes, []), [found]);
    assert.deepEqual(possibleFormats(MARKED, "", bytes.subarray(0, told.start + 7), []), [old]);
    assert.deepEqual(possibleFormats(MARKED, "", Buffer.from("Test log 3\n8 bytes.THE MARK"), [SECRET]), []);
  });
});

describe("a log of version 0.1.0", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "log-"));
    file = path.join(folder, "log");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const bodies = ["first", "second", "third"];
  function write({ oldTitle, oldMark, oldLengthCountsAll }: LogKind): void {
    const pieces = bodies.flatMap((body) => {
      const header = Buffer.alloc(8);
      header.writeUInt32LE(body.length + (oldLengthCountsAll ? 8 : 0));
      header.writeUInt32LE(crc32(body), 4);
      return [oldMark, header, Buffer.from(body)];
    });
    writeFileSync(file, Buffer.concat([Buffer.from(oldTitle), ...pieces]));
  }

  function damage(at: number): void {
    const bytes = readFileSync(file);
    bytes[at]! ^= 1;
    writeFileSync(file, bytes);
  }

  async function read(kind: LogKind): Promise<{ found: string[]; state: LogState }> {
    const entries = readLog(file, kind, 100);
    const found: string[] = [];
    for (;;) {
      const step = await entries.next();
      if (!step.done) found.push(step.value.body.toString());
      else {
        const now = readLogNow(file, kind);
        assert.deepEqual(
          now.entries.map(({ body }) => body.toString()),
          found,
        );
        assert.deepEqual(now.state, step.value);
        return { found, state: step.value };
      }
    }
  }

  for (const [name, kind] of [
    ["with marks", MARKED],
    ["without", PLAIN],
  ] as const) {
    it(`is read and continued, ${name}`, async () => {
      write(kind);
      assert.equal(readLogNow(file, kind).continues, true);
      const log = await EntryLog.open(file, kind);
      await log.append([Buffer.from("new")]);
      await log.close();
      const { found, state } = await read(kind);
      assert.deepEqual(found, [...bodies, "new"]);
      assert.deepEqual(state, { state: "read", size: readFileSync(file).length, damages: [] });
    });
  }

  it("is read where its title is damaged, but not continued", async () => {
    write(MARKED);
    damage(0);
    assert.deepEqual((await read(MARKED)).found, bodies);
    assert.equal(readLogNow(file, MARKED).continues, false);
    await assert.rejects(EntryLog.open(file, MARKED), /not a log that this version can continue/);
  });

  it("loses the entry that damage hits, and without marks those behind it", async () => {
    write(MARKED);
    const second = readFileSync(file).indexOf("second");
    damage(second);
    const { found, state } = await read(MARKED);
    assert.deepEqual(found, ["first", "third"]);
    assert.deepEqual(state.state === "read" && state.damages, [{ from: second - 12, to: second + 6 }]);
    write(PLAIN);
    const at = readFileSync(file).indexOf("second");
    damage(at);
    const plain = await read(PLAIN);
    assert.deepEqual(plain.found, ["first"]);
    assert.deepEqual(plain.state.state === "read" && plain.state.damages, [
      { from: at - 8, to: readFileSync(file).length },
    ]);
  });
});

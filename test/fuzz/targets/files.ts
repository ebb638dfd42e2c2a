// Files that come back damaged: positions, entry logs, journals, segments of a ring; and compressed documents.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { Journal, type PacketMark } from "../../../lib/archive/journal.ts";
import { bzip2 } from "../../../lib/bzip2/compress.ts";
import { bunzip2 } from "../../../lib/bzip2/decompress.ts";
import { PositionFile } from "../../../lib/datalink/position-file.ts";
import type { LogKind } from "../../../lib/files/entry-format.ts";
import { formatOf } from "../../../lib/files/entry-format.ts";
import { EntryLog } from "../../../lib/files/entry-log.ts";
import { EntryScanner } from "../../../lib/files/entry-scanner.ts";
import { SeedLinkPositionFile } from "../../../lib/seedlink/subscribe.ts";
import { Ring } from "../../../lib/server/ring/ring.ts";
import { RingStorage } from "../../../lib/server/ring/storage.ts";
import { DataLinkServer } from "../../../lib/server/server.ts";
import { newFolder } from "../../support/folders.ts";
import { inPieces, mutateBytes, sentence } from "../mutate.ts";
import { pick, type Random } from "../random.ts";
import { laterOutcomeOf, outcomeOf, target } from "../target.ts";
import { madeJson } from "./records.ts";

const POSITIONS = [
  '{"packetId":"42","packetTime":1700000000000000,"dataEnd":1700000000000000}\n',
  '{"numbering":"ring","newest":{"sequence":"7","sourceId":"FDSN:XX_A_00_H_H_Z","start":5},"stations":{"XX_A":{"sequence":"7"}},"streams":{"FDSN:XX_A_00_H_H_Z":5}}',
  '{"numbering":"station","stations":{"__proto__":{"sequence":"-1"}},"streams":{}}',
];
const POSITION_WORDS = [
  '"',
  "{",
  "}",
  ":",
  ",",
  "null",
  '"stations"',
  '"newest":',
  "[]",
  "1e99",
  "-1",
  '"sequence":"1"',
  "\0",
  "__proto__",
];

const plain = (value: unknown) =>
  JSON.stringify(value, (_, inner) =>
    inner instanceof Map ? [...inner] : typeof inner === "bigint" ? `${inner}n` : inner,
  );

interface PositionFileOf {
  load(): Promise<unknown>;
  save(position: never): void;
  flush(): Promise<void>;
}

/** What is read of a file is written to one that is read as the same. */
async function tryPosition(folder: string, text: Buffer): Promise<void> {
  const make = [PositionFile, SeedLinkPositionFile] as unknown as (new (
    file: string,
    onError: (error: Error) => void,
  ) => PositionFileOf)[];
  for (const [i, Positions] of make.entries()) {
    const file = path.join(folder, `position-${i}`);
    writeFileSync(file, text);
    const positions = new Positions(file, (error) => {
      throw error;
    });
    const read = await laterOutcomeOf(() => positions.load());
    if ("code" in read) {
      assert.equal(read.code, "DAMAGED_POSITION");
      assert.deepEqual(readFileSync(`${file}.damaged`), text, "what was damaged is not kept");
      continue;
    }
    positions.save(read.value as never);
    await positions.flush();
    // Of -0 a file has no sign.
    assert.deepEqual(plain(await positions.load()), plain(read.value));
  }
}

const KIND: LogKind = {
  name: "Fuzzed log",
  oldTitle: "Fuzzed log 1\n",
  oldMark: Buffer.from("\nOLD"),
  oldLengthCountsAll: false,
};
const BODIES = Array.from({ length: 30 }, (_, i) => Buffer.alloc((i * 37) % 200, `body ${i} `));

/** Every entry that is found is one that was written, in order, however the bytes come. */
function tryLog(bytes: Buffer, random: Random): void {
  const format = formatOf(KIND, "", bytes.subarray(0, 64));
  if (!format) return;
  const scan = (pieces: readonly Buffer[]) => {
    const scanner = new EntryScanner(format, bytes.length, 1000);
    const entries: string[] = [];
    const take = () => {
      for (let entry = scanner.next(); entry; entry = scanner.next()) {
        assert.ok(
          BODIES.some((body) => body.equals(entry!.body)),
          "an entry that was never written",
        );
        entries.push(`${entry.at} ${entry.end} ${entry.damaged}`);
      }
    };
    for (const piece of pieces) {
      scanner.push(piece);
      take();
    }
    scanner.end();
    take();
    return { entries, damages: scanner.damages };
  };
  assert.deepEqual(scan(inPieces(bytes, random)), scan([bytes]));
}

async function writtenLog(folder: string): Promise<Buffer> {
  const log = await EntryLog.create(path.join(folder, "log"), KIND);
  await log.append(BODIES);
  await log.close();
  return readFileSync(path.join(folder, "log"));
}

const mark = (i: number): PacketMark => ({ packetId: BigInt(i), packetTime: 1e15 + i, part: 0, bytes: 10 });

/** The journal of an archive whose file is there. */
async function writtenJournal(folder: string): Promise<Buffer> {
  const file = path.join(folder, "journal");
  const data = path.join(folder, "data");
  writeFileSync(data, Buffer.alloc(200, "x"));
  const journal = new Journal(file);
  for (let i = 0; i < 20; i++) await journal.record({ path: data, identity: "", size: 10 * i }, [mark(i)]);
  await journal.close();
  return readFileSync(file);
}

interface Damaged {
  current: Buffer;
  previous: Buffer | null;
}

/** A journal may forget, but it never holds what was not recorded. */
async function tryJournal(folder: string, { current, previous }: Damaged): Promise<void> {
  const file = path.join(folder, "journal");
  writeFileSync(file, current);
  if (previous) writeFileSync(`${file}.1`, previous);
  else rmSync(`${file}.1`, { force: true });
  const opened = outcomeOf(() => new Journal(file));
  if ("code" in opened) return;
  for (const i of [20, 21, 1000, 2 ** 40]) assert.equal(opened.value.holds(mark(i)), false);
  await laterOutcomeOf(() =>
    opened.value.record({ path: path.join(folder, "data"), identity: "", size: 200 }, [mark(50)]),
  );
  await opened.value.close();
}

const RING = { ringBytes: 64 * 1024, packetSize: 512, maxStreams: 100 };
const payloadOf = (i: number) => Buffer.alloc(100 + (i % 300), `payload ${i} `);

/** The files of a ring's folder with packets in them. */
async function writtenSegments(): Promise<Map<string, Buffer>> {
  const folder = newFolder();
  const server = await DataLinkServer.listen({ port: 0, ...RING, directory: folder });
  for (let i = 0; i < 120; i++) {
    server.write({ streamId: `FDSN:XX_S${i % 7}/X`, dataStart: i, payload: payloadOf(i) });
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await server.close();
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))]));
  rmSync(folder, { recursive: true });
  return files;
}

type Segments = Record<string, Buffer>;

/** Whatever the files are, the ring opens; each packet in it is one that was written. */
async function trySegments(folder: string, segments: Segments): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(segments)) writeFileSync(path.join(folder, name), bytes);
  const ring = new Ring(RING);
  const host = { progressed() {}, failed() {}, restored() {} };
  const opened = await laterOutcomeOf(() => RingStorage.open(folder, ring, host));
  if ("code" in opened) return;
  for (let sequence = ring.first; sequence < ring.end; sequence++) {
    const { packetId, payload, streamId } = ring.packetAt(sequence);
    const i = Number(packetId) - 1;
    assert.equal(streamId, `FDSN:XX_S${i % 7}/X`);
    assert.ok(payload.equals(payloadOf(i)), `packet ${packetId} is another one`);
  }
  assert.equal(opened.value.recovered.packets, ring.packets);
  await opened.value.storage.close();
}

const COMPRESSED = ["", "a", "a".repeat(1000), "the quick brown fox ".repeat(60), "\0".repeat(300)].map(
  (text) => Buffer.from(bzip2(Buffer.from(text))),
);
const LIMIT = 1 << 20;

function tryBzip2({ compressed, plain }: { compressed: Buffer; plain: Buffer }): void {
  const out = outcomeOf(() => bunzip2(compressed, LIMIT));
  if ("value" in out) assert.ok(out.value.length <= LIMIT);
  assert.deepEqual(Buffer.from(bunzip2(bzip2(plain), LIMIT)), plain);
}

function inFolder<Input>(
  open: (
    folder: string,
  ) => Promise<{ make(random: Random): Input; check(input: Input, random: Random): void | Promise<void> }>,
) {
  return async () => {
    const folder = newFolder();
    return {
      ...(await open(folder)),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    };
  };
}

export const fileTargets = {
  positions: target(
    "position files of both protocols",
    150,
    inFolder(async (folder) => ({
      make: (random: Random) =>
        random(5) === 0
          ? Buffer.from(random(2) === 0 ? madeJson(random) : sentence(POSITION_WORDS, 20, random))
          : mutateBytes(
              POSITIONS.map((text) => Buffer.from(text)),
              random,
              POSITION_WORDS,
            ),
      check: (text: Buffer) => tryPosition(folder, text),
    })),
  ),
  logs: target(
    "entry logs",
    800,
    inFolder(async (folder) => {
      const log = await writtenLog(folder);
      return { make: (random: Random) => mutateBytes([log], random, [log.subarray(64, 90)]), check: tryLog };
    }),
  ),
  journals: target(
    "journals of archives",
    150,
    inFolder(async (folder) => {
      const journal = await writtenJournal(folder);
      return {
        make: (random: Random): Damaged => ({
          current: mutateBytes([journal], random),
          previous: random(2) === 0 ? mutateBytes([journal], random) : null,
        }),
        check: (input: Damaged) => tryJournal(folder, input),
      };
    }),
  ),
  segments: target(
    "segments of a ring's folder",
    60,
    inFolder(async (folder) => {
      const files = await writtenSegments();
      return {
        make: (random: Random): Segments => {
          const pool = [...files.values()];
          return Object.fromEntries(
            [...files]
              .filter(() => random(8) > 0)
              .map(([name, bytes]) => {
                const damaged =
                  random(3) === 0
                    ? mutateBytes([bytes], random)
                    : random(8) === 0
                      ? mutateBytes(pool, random)
                      : bytes;
                return [name, Buffer.from(damaged)];
              }),
          );
        },
        check: (input: Segments) => trySegments(folder, input),
      };
    }),
  ),
  bzip2: target("bzip2: compressed documents", 300, () => ({
    make: (random: Random) => ({
      compressed: mutateBytes(COMPRESSED, random, [
        "BZh9",
        "\x31\x41\x59\x26\x53\x59",
        "\x17\x72\x45\x38\x50\x90",
      ]),
      plain: Buffer.from(
        sentence(["a", "b", "aaaa", "é", "\0", "x".repeat(300), pick(["ab", "q"], random)], 60, random),
      ),
    }),
    check: tryBzip2,
  })),
};

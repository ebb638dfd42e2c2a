// SeedLink: what a client reads of a server, and a client whose server says anything.
import assert from "node:assert/strict";
import { SeedLinkClient } from "../../../lib/seedlink/client.ts";
import { InfoCollector } from "../../../lib/seedlink/info-collector.ts";
import { type Frame, FrameReader } from "../../../lib/seedlink/protocol/frame.ts";
import { parseHello } from "../../../lib/seedlink/protocol/hello.ts";
import { PacketMaker } from "../../../lib/seedlink/protocol/packet.ts";
import { parseReply } from "../../../lib/seedlink/protocol/replies.ts";
import { atOnce } from "../../../lib/slices.ts";
import { rows } from "../../seedlink/vectors.ts";
import { inPieces, mutateBytes } from "../mutate.ts";
import { pick, type Random, several } from "../random.ts";
import { laterOutcomeOf, outcomeOf, target } from "../target.ts";
import { WildServer } from "./wild-server.ts";

/** What servers answered, each behind one command. */
const ANSWERS = rows.flatMap(({ steps }) => steps.map(({ recv }) => recv)).filter(({ length }) => length > 0);

export const SEEDLINK_COMMANDS = rows.flatMap(({ steps }) =>
  steps.map(({ send }) => Buffer.from(send, "latin1")),
);

const WORDS = [
  ...[
    "SE2D",
    "SE3D",
    "SEJI",
    "SEJE",
    "SLINFO *",
    "SLINFO  ",
    "SL000001",
    "SLFFFFFF",
    "END",
    "ERROR",
    "OK\r\n",
    "\r",
    "\n",
  ],
  ...[
    "SeedLink v4.0 (RingServer/4.5.3) :: SLPROTO:4.0 SLPROTO:3.1 CAP",
    "SeedLink v3.3 (2020.075)",
    "MS\x03",
  ],
  ...[
    "\0\0\0\0",
    "\xff\xff\xff\xff",
    "\0\x02\0\0",
    "ERROR UNAUTHORIZED no\r\n",
    "000001D ",
    '{"error":{"code":"X"}}',
  ],
].map((word) => Buffer.from(word, "latin1"));

const HELLO = "SeedLink v4.0 (RingServer/4.5.3) :: SLPROTO:4.0 SLPROTO:3.1 CAP WS:13\r\nSomewhere\r\n";
const HELLO_3 = "SeedLink v3.3 (2020.075)\r\nSomewhere\r\n";

const LIMITS = { maxPayload: 50_000, maxInfo: 50_000 };

/** A header of protocol 4 with numbers of any size. */
function madeHeader(random: Random): Buffer {
  const header = Buffer.alloc(17 + random(8), random(256));
  header.write(pick(["SE2D", "SE3D", "SEJI", "SEJE", "SEXX", "SE\0\0"], random), "latin1");
  header.writeUInt32LE(pick([0, 1, 5, 48, 512, 50_000, 50_001, 2 ** 32 - 1], random), 4);
  header.writeBigUInt64LE(pick([0n, 1n, 2n ** 63n, 2n ** 64n - 1n], random), 8);
  header[16] = pick([0, 1, 6, 7, 255], random);
  return header;
}

function madeAnswers(random: Random): Buffer {
  return Buffer.concat(
    several(4, random, () => (random(4) === 0 ? madeHeader(random) : mutateBytes(ANSWERS, random, WORDS))),
  );
}

interface Answers {
  lines: number;
  bytes: Buffer;
}

/** First so many lines, then frames; what each is, and the code of what ended them. */
function readAll(lines: number, pieces: readonly Buffer[]): unknown[] {
  const reader = new FrameReader(LIMITS);
  const reading = { all: [] as unknown[], lines };
  for (const piece of pieces) {
    reader.push(piece);
    const step = outcomeOf(() => readOn(reader, reading));
    if ("code" in step) return [...reading.all, step.code];
  }
  const left = reader.buffered;
  outcomeOf(() => reader.unfinishedRefusal());
  return [...reading.all, left];
}

function readOn(reader: FrameReader, reading: { all: unknown[]; lines: number }): void {
  for (;;) {
    const next = reading.lines > 0 ? reader.nextLine() : reader.nextFrame();
    if (next === undefined) return;
    if (typeof next === "string") {
      reading.lines--;
      parseHello(next, "");
      parseReply(next);
      reading.all.push(next);
    } else reading.all.push(told(next));
  }
}

function told(frame: Frame): string {
  if (frame.kind === "data") void new PacketMaker().make(frame, 0);
  if (frame.kind === "info") {
    const collector = new InfoCollector("STREAMS", "the server", parseHello("SeedLink v4.0", ""));
    outcomeOf(() => {
      const steps = collector.add({ ...frame, isLast: true });
      return steps && atOnce(steps);
    });
  }
  return JSON.stringify(frame, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
}

async function useClient(url: string): Promise<void> {
  const timeout = { connect: 20_000, command: 20_000 };
  const opened = await laterOutcomeOf(() => SeedLinkClient.connect(url, { timeout, keepAlive: 0 }));
  if ("code" in opened) return;
  const client = opened.value;
  await laterOutcomeOf(() => client.info("STATIONS"));
  await laterOutcomeOf(() => client.info("STREAMS"));
  await laterOutcomeOf(async () => {
    let left = 20;
    for await (const _ of client.stream({ streams: "XX_A:BHZ, GE_*" })) if (--left === 0) break;
  });
  await client.close();
}

export const seedlinkTargets = {
  "seedlink-frames": target("what a SeedLink client reads: lines, packets, INFO", 800, () => ({
    make: (random: Random): Answers => ({ lines: pick([0, 0, 1, 2, 5], random), bytes: madeAnswers(random) }),
    check: ({ lines, bytes }: Answers, random: Random) =>
      assert.deepEqual(readAll(lines, inPieces(bytes, random)), readAll(lines, [bytes])),
  })),
  "seedlink-client": target("a SeedLink client, by a server that says anything", 60, async () => {
    const server = await WildServer.start();
    return {
      make: (random: Random) => ({
        hello: mutateBytes(
          [Buffer.from(pick([HELLO, HELLO_3], random))],
          (limit) => (random(3) === 0 ? random(limit) : 0),
          WORDS,
        ),
        answers: several(10, random, () => (random(2) === 0 ? Buffer.from("OK\r\n") : madeAnswers(random))),
      }),
      check: async ({ hello, answers }: { hello: Buffer; answers: Buffer[] }) => {
        server.answers = [hello, ...answers];
        await useClient(`seedlink://127.0.0.1:${server.port}`);
      },
      [Symbol.asyncDispose]: () => server.stop(),
    };
  }),
};

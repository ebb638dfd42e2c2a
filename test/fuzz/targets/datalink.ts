// DataLink: the replies that a client reads, the commands that a server reads, and a client whose server says anything.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { DataLinkClient } from "../../../lib/datalink/client.ts";
import { parseIdentity } from "../../../lib/datalink/protocol/capabilities.ts";
import {
  encodeFrame,
  type Framed,
  FrameReader,
  type HeaderParser,
} from "../../../lib/datalink/protocol/frame.ts";
import { parseInfo } from "../../../lib/datalink/protocol/info.ts";
import {
  packetHeader,
  parseReplyHeader,
  type Reply,
  toPacket,
} from "../../../lib/datalink/protocol/replies.ts";
import { commandParser } from "../../../lib/datalink/protocol/server-requests.ts";
import { atOnce } from "../../../lib/slices.ts";
import { inPieces, mutateBytes } from "../mutate.ts";
import { pick, type Random, several } from "../random.ts";
import { laterOutcomeOf, outcomeOf, target } from "../target.ts";
import { WildServer } from "./wild-server.ts";

interface Exchange {
  send: string[];
  recv: string[];
}

const exchanges: Exchange[] = [
  "server/vectors/ringserver-4.5.3.json",
  "datalink/vectors/older-ringservers.json",
].flatMap((file) => JSON.parse(readFileSync(path.join(__dirname, "../..", file), "utf8")).rows as Exchange[]);

const fromHex = (texts: string[]) =>
  texts.filter((text) => text !== "").map((text) => Buffer.from(text, "hex"));

/** What servers answered, and what clients asked. */
export const REPLIES = exchanges.flatMap(({ recv }) => fromHex(recv));
export const COMMANDS = exchanges.flatMap(({ send }) => fromHex(send));

const REPLY_WORDS = [
  ...[
    "DL",
    "PACKET",
    "OK",
    "ERROR",
    "INFO",
    "ID",
    "ENDSTREAM",
    " ",
    "  ",
    "\0",
    "STREAMS",
    "STATUS",
    "CONNECTIONS",
  ],
  ...[
    "PACKET FDSN:XX_A_00_H_H_Z/MSEED 1 2 3 4 5",
    "DataLink v1.1 (RingServer/4.5.3) :: DLPROTO:1.1 PACKETSIZE:512",
  ],
];
export const COMMAND_WORDS = [
  ...[
    "DL",
    "WRITE",
    "READ",
    "ID",
    "POSITION",
    "SET",
    "AFTER",
    "EARLIEST",
    "LATEST",
    "MATCH",
    "REJECT",
    "STREAM",
  ],
  ...[
    "ENDSTREAM",
    "INFO",
    "STATUS",
    "STREAMS",
    "CONNECTIONS",
    "AUTH",
    "USERPASS",
    "JWT",
    "AUTHORIZATION",
    "BYE",
    "A",
  ],
  ...[" ", "\t", "\r\n", "\0", "FDSN:XX_A_00_H_H_Z/MSEED", "N", "AI", "I", "18446744073709551615", "é"],
];

/** A header of words of the protocol, with a payload of the size that it may name. */
function madeFrame(words: readonly string[], random: Random): Buffer {
  const header = several(8, random, () => (random(3) === 0 ? String(random(600)) : pick(words, random))).join(
    " ",
  );
  const payload = Buffer.alloc(random(4) === 0 ? random(600) : 0, random(256));
  const frame = outcomeOf(() => encodeFrame(header, payload));
  return "value" in frame ? frame.value : Buffer.from(header);
}

export function madeStream(pool: readonly Buffer[], words: readonly string[], random: Random): Buffer {
  const frames = several(5, random, () =>
    random(3) === 0
      ? madeFrame(words, random)
      : mutateBytes(random(2) === 0 ? pool : [pick(pool, random)], random, words),
  );
  return Buffer.concat(frames);
}

/** All messages of pieces, each by `told`, and the code of what ended them. */
function readAll<Message extends Framed>(
  parse: HeaderParser<Message>,
  pieces: readonly Buffer[],
  told: (message: Message) => unknown,
): unknown[] {
  const reader = new FrameReader(parse, 100_000);
  const all: unknown[] = [];
  for (const piece of pieces) {
    reader.push(piece);
    const step = outcomeOf(() => {
      for (let message = reader.next(); message; message = reader.next()) all.push(told(message));
    });
    if ("code" in step) return [...all, step.code];
  }
  return [...all, reader.buffered];
}

const asText = (message: unknown) =>
  JSON.stringify(message, (_, value) => (typeof value === "bigint" ? `${value}n` : value));

function tryReply(reply: Reply): string {
  if (reply.kind === "PACKET") tryPacket(reply);
  if (reply.kind === "ID") parseIdentity(reply.text);
  if (reply.kind === "INFO" && reply.payload.length < 20_000) {
    for (const type of ["STATUS", "STREAMS", "CONNECTIONS"] as const)
      outcomeOf(() => atOnce(parseInfo(type, reply.payload.toString())));
  }
  return asText(reply);
}

/** What is written of a packet is read as the same packet. */
function tryPacket(reply: Reply & { kind: "PACKET" }): void {
  const packet = toPacket(reply);
  const header = packetHeader(packet, packet.payload.length);
  const frame = outcomeOf(() => encodeFrame(header, packet.payload));
  // Bytes that were not UTF-8 have become longer.
  if ("code" in frame) return;
  const reader = new FrameReader(parseReplyHeader, 100_000);
  reader.push(frame.value);
  const again = reader.next();
  assert.ok(again?.kind === "PACKET");
  assert.equal(asText(toPacket(again)), asText(packet));
}

function frames<Message extends Framed>(
  parse: HeaderParser<Message>,
  told: (message: Message) => unknown,
  make: (random: Random) => Buffer,
) {
  return () => ({
    make,
    check: (bytes: Buffer, random: Random) =>
      assert.deepEqual(readAll(parse, inPieces(bytes, random), told), readAll(parse, [bytes], told)),
  });
}

/** Asks for one thing of each kind, and ends. */
async function useClient(url: string): Promise<void> {
  const timeout = { connect: 20_000, command: 20_000 };
  const opened = await laterOutcomeOf(() => DataLinkClient.connect(url, { timeout, keepAlive: 0 }));
  if ("code" in opened) return;
  const client = opened.value;
  const asks: (() => Promise<unknown>)[] = [
    () => client.info("STATUS"),
    () => client.info("STREAMS"),
    () => client.match("FDSN:XX_.*"),
    () => client.positionSet("EARLIEST"),
    () => client.read(5n),
    () =>
      client.write(
        { streamId: "A/TEXT", dataStart: 1, dataEnd: 2, payload: Buffer.from("x") },
        { ack: true },
      ),
    async () => {
      for await (const packet of client.stream()) if (packet.packetId % 3n === 0n) break;
    },
  ];
  for (const ask of asks) await laterOutcomeOf(ask);
  await client.close();
}

export const datalinkTargets = {
  "datalink-replies": target(
    "what a DataLink client reads: frames, ids, INFO",
    800,
    frames(parseReplyHeader, tryReply, (random) => madeStream(REPLIES, REPLY_WORDS, random)),
  ),
  "datalink-commands": target(
    "what a DataLink server reads: headers of commands",
    1500,
    frames(commandParser(512), asText, (random) => madeStream(COMMANDS, COMMAND_WORDS, random)),
  ),
  "datalink-client": target("a DataLink client, by a server that says anything", 60, async () => {
    const server = await WildServer.start();
    return {
      make: (random: Random) => ({
        identity: mutateBytes(
          [encodeFrame("ID DataLink v1.1 (RingServer/4.5.3) :: DLPROTO:1.1 PACKETSIZE:512 WRITE")],
          (limit) => (random(3) === 0 ? random(limit) : 0),
          REPLY_WORDS,
        ),
        answers: several(10, random, () => madeStream(REPLIES, REPLY_WORDS, random)),
      }),
      check: async ({ identity, answers }: { identity: Buffer; answers: Buffer[] }) => {
        server.answers = [identity, ...answers];
        await useClient(`datalink://127.0.0.1:${server.port}`);
      },
      [Symbol.asyncDispose]: () => server.stop(),
    };
  }),
};

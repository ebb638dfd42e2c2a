/**
 * What ringserver 4.5.3, 4.5.1, 4.0.1 and 2020.075 were seen to answer, as the client reads it: every reply is parsed and
 * gives the same bytes when it is written again, and a command that the client can give ends as the reply says.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { encodeFrame, FrameReader } from "../../lib/datalink/protocol/frame.ts";
import type { InfoType } from "../../lib/datalink/protocol/info.ts";
import {
  encodeError,
  encodeInfo,
  encodeOk,
  packetHeader,
  parseReplyHeader,
  type Reply,
} from "../../lib/datalink/protocol/replies.ts";
import {
  parseCommand,
  type ReceivedCommand,
  type ScriptedPeer,
  scriptedPeer,
} from "../support/network/scripted-peer.ts";

interface Row {
  server: string;
  name: string;
  send: string[];
  recv: string[];
}

function load(file: string, server?: string): Row[] {
  const { rows } = JSON.parse(readFileSync(path.join(__dirname, file), "utf8")) as { rows: Row[] };
  return rows.map((row) => ({ ...row, server: server ?? row.server }));
}

/** Rows of plain DataLink: a WebSocket handshake begins with GET. */
const rows = [
  ...load("../server/vectors/ringserver-4.5.3.json", "4.5.3"),
  ...load("vectors/older-ringservers.json"),
].filter((row) => !row.send[0]!.startsWith("474554") && row.recv.some((bytes) => bytes !== ""));

function parse(hex: string): Reply[] {
  const reader = new FrameReader(parseReplyHeader, 1 << 24);
  reader.push(Buffer.from(hex, "hex"));
  const replies: Reply[] = [];
  for (let reply = reader.next(); reply; reply = reader.next()) replies.push(reply);
  assert.equal(reader.buffered, 0);
  return replies;
}

function write(reply: Reply): Buffer {
  switch (reply.kind) {
    case "OK":
      return encodeOk(reply.value, reply.payload.toString());
    case "ERROR":
      return encodeError(reply.payload.toString());
    case "INFO":
      return encodeInfo(reply.type, reply.payload.toString());
    case "PACKET":
      return encodeFrame(packetHeader(reply, reply.size), reply.payload);
    case "ID":
      return encodeFrame(`ID ${reply.text}`);
    case "ENDSTREAM":
      return encodeFrame("ENDSTREAM");
  }
}

/** The one command of a row, if it is one that this client gives. */
function clientCommand(row: Row): ReceivedCommand | undefined {
  if (row.send.length !== 1) return undefined;
  const reader = new FrameReader(parseCommand, 1 << 24);
  reader.push(Buffer.from(row.send[0]!, "hex"));
  try {
    const command = reader.next();
    const sound =
      /^(READ \d{1,19}|POSITION SET (EARLIEST|LATEST|\d{1,19}( \d{1,16})?)|POSITION AFTER -?\d+|(MATCH|REJECT)( [1-9]\d{0,2})?|INFO (STATUS|STREAMS|CONNECTIONS)( \d+)?|WRITE \S+ -?\d+ -?\d+ A \d+)$/;
    return command && sound.test(command.header) && reader.buffered === 0 ? command : undefined;
  } catch {
    return undefined;
  }
}

function give(dali: DataLinkClient, { words, payload }: ReceivedCommand): Promise<unknown> {
  const [word, second = "", third = "", fourth] = words;
  switch (word) {
    case "READ":
      return dali.read(BigInt(second));
    case "POSITION":
      if (second === "AFTER") return dali.positionAfter(Number(third));
      return dali.positionSet(
        third === "EARLIEST" || third === "LATEST" ? third : BigInt(third),
        fourth === undefined ? undefined : Number(fourth),
      );
    case "MATCH":
      return dali.match(payload.length === 0 ? null : payload.toString());
    case "REJECT":
      return dali.reject(payload.length === 0 ? null : payload.toString());
    case "INFO":
      return dali.info(second as InfoType, payload.length === 0 ? undefined : payload.toString());
    default:
      return dali.write({ streamId: second, dataStart: Number(third), dataEnd: Number(fourth), payload });
  }
}

describe("what ringservers were seen to answer", () => {
  it("is there", () => {
    assert.ok(rows.length > 300, `${rows.length} rows`);
    assert.ok(rows.filter(clientCommand).length > 100, `${rows.filter(clientCommand).length} commands`);
  });

  for (const server of new Set(rows.map((row) => row.server))) {
    describe(server, () => {
      const its = rows.filter((row) => row.server === server);

      it("is read to the last byte, and written the same again", () => {
        for (const row of its) {
          for (const bytes of row.recv) {
            const again = parse(bytes).map(write);
            assert.equal(
              Buffer.concat(again).toString("latin1"),
              Buffer.from(bytes, "hex").toString("latin1"),
              row.name,
            );
          }
        }
      });

      it("is what the client's commands end with", async () => {
        const identity =
          {
            "2020.075": "ID DataLink 2020.075 :: DLPROTO:1.0 PACKETSIZE:512 WRITE",
          }[server] ?? `ID DataLink v1.1 (RingServer/${server}) :: DLPROTO:1.1 PACKETSIZE:512 WRITE`;
        for (const row of its) {
          const command = clientCommand(row);
          const [reply] = parse(row.recv[0]!);
          if (command === undefined || reply === undefined) continue;
          const answer = Buffer.from(row.recv[0]!, "hex");
          await using peer = await scriptedPeer(
            ({ words }) => (words[0] === "ID" ? undefined : answer),
            identity,
          );
          await using dali = await DataLinkClient.connect(peer.url, { timeout: 2000 });
          const what = `${row.name}: ${command.header}`;
          const result = give(dali, command);
          if (!(await reached(peer, result))) {
            await assert.rejects(result, { code: "TOO_LARGE" }, what);
          } else await check(result, reply, what);
        }
      });
    });
  }
});

/** Whether the command was sent: one that no such server takes is refused before. */
async function reached(peer: ScriptedPeer, result: Promise<unknown>): Promise<boolean> {
  await result.catch(() => {});
  return peer.received.length > 1;
}

async function check(result: Promise<unknown>, reply: Reply, what: string): Promise<void> {
  const outcome = await result.catch((error: Error & { code: string }) => error);
  if (reply.kind === "ERROR") {
    assert.ok(outcome instanceof Error, what);
    assert.ok(outcome.message.includes(reply.payload.toString()), `${what}: ${outcome.message}`);
    const expected = /not found/.test(outcome.message)
      ? "PACKET_NOT_FOUND"
      : /too large|too long/.test(reply.payload.toString())
        ? "TOO_LARGE"
        : /permission|denied/.test(reply.payload.toString())
          ? "NOT_PERMITTED"
          : "SERVER_ERROR";
    assert.equal((outcome as unknown as { code: string }).code, expected, what);
    return;
  }
  assert.ok(!(outcome instanceof Error), `${what}: ${String(outcome)}`);
  if (reply.kind === "OK") assert.equal(BigInt(outcome as bigint | number), reply.value, what);
  else if (reply.kind === "PACKET") {
    const { kind: _kind, size: _size, ...packet } = reply;
    assert.deepEqual(outcome, packet, what);
  } else if (reply.kind === "INFO")
    checkInfo(outcome as Record<string, unknown>, reply.payload.toString(), what);
}

/** Every count that the XML gives is in the object, and its lists are as long as it says. */
function checkInfo(info: Record<string, unknown>, xml: string, what: string): void {
  assert.equal(info.xml, xml);
  for (const [list, element] of [
    ["streams", "Stream"],
    ["connections", "Connection"],
    ["serverThreads", "Thread"],
  ] as const) {
    const count = xml.split(`<${element} `).length - 1;
    const items = info[list] as object[] | undefined;
    assert.equal(items?.length ?? 0, count, `${what}: ${list}`);
    for (const item of items ?? []) assert.ok(Object.keys(item).length > 2, what);
  }
  const status = info.status as Record<string, unknown>;
  const attribute = (name: string) => new RegExp(`<Status[^>]* ${name}="([^"]*)"`).exec(xml)?.[1];
  assert.equal(String(status.totalStreams), attribute("TotalStreams"), what);
  assert.equal(String(status.latestPacketId), attribute("LatestPacketID"), what);
  const created = attribute("LatestPacketCreationTime");
  const expected =
    created === "-" ? undefined : Date.parse(`${created!.replace(" ", "T").replace(/Z?$/, "Z")}`);
  const latest = status.latestPacketTime as number | undefined;
  assert.equal(latest === undefined ? undefined : Math.floor(latest / 1000), expected, what);
}

// lib/datalink/protocol/client-requests.ts and info.ts: the words that a client sends, by the DataLink protocol, and what INFO tells.
import assert from "node:assert/strict";
import type { ServerIdentity } from "../../lib/datalink/protocol/capabilities.ts";
import {
  authenticate,
  type ClientCommand,
  errorCodeOf,
  filter,
  identify,
  positionAfter,
  positionSet,
  read,
  write,
} from "../../lib/datalink/protocol/client-requests.ts";
import { parseInfo } from "../../lib/datalink/protocol/info.ts";

const SERVER = {
  protocol: "1.1",
  packetSize: 512,
  write: true,
  capabilities: {},
} as unknown as ServerIdentity;

/** The words behind DL and the length, and then the payload. */
function words({ frame }: Pick<ClientCommand<unknown>, "frame">): string[] {
  const text = Buffer.from(frame).toString("latin1");
  const end = 3 + text.charCodeAt(2);
  return text.length > end ? [text.slice(3, end), text.slice(end)] : [text.slice(3)];
}

describe("what a DataLink client sends", () => {
  const cases: [what: string, command: Pick<ClientCommand<unknown>, "frame">, expected: string[]][] = [
    ["a name", identify("program:user:1:x86"), ["ID program:user:1:x86"]],
    ["no name", identify(""), ["ID"]],
    ["a user", authenticate({ user: "me", password: "x y" }), ["AUTH USERPASS 6", "me\rx y"]],
    ["a token", authenticate({ jwt: "a.b.c" }), ["AUTH JWT 5", "a.b.c"]],
    ["the end of the ring", positionSet("LATEST"), ["POSITION SET LATEST"]],
    ["a packet", positionSet(42n), ["POSITION SET 42"]],
    ["a packet and its time", positionSet(42n, 1_700_000_000_000_000), ["POSITION SET 42 1700000000000000"]],
    ["a time", positionAfter("2023-11-14T22:13:20Z", SERVER), ["POSITION AFTER 1700000000000000"]],
    ["a pattern", filter("MATCH", "CO_.*", SERVER), ["MATCH 5", "CO_.*"]],
    ["a regular expression", filter("REJECT", /_LOG/, SERVER), ["REJECT 4", "_LOG"]],
    ["one with flags", filter("MATCH", /^co_/gimu, SERVER), ["MATCH 9", "(?im)^co_"]],
    ["no pattern", filter("REJECT", null, SERVER), ["REJECT"]],
    ["a reading", read(18_446_744_073_709_551_605n), ["READ 18446744073709551605"]],
    [
      "an acknowledged packet",
      write({ streamId: "XX_A/TEXT", dataStart: 1, dataEnd: 2, payload: "é" }, true, SERVER),
      ["WRITE XX_A/TEXT 1 2 A 2", "Ã©"],
    ],
  ];
  for (const [what, command, expected] of cases)
    it(`is by the protocol: ${what}`, () => assert.deepEqual(words(command), expected));
});

describe("what a DataLink server says", () => {
  it("is known by its words where it is an error", () => {
    for (const [text, code] of [
      ["Packet not found", "PACKET_NOT_FOUND"],
      ["Write permission is not granted", "NOT_PERMITTED"],
      ["Packet is too large", "TOO_LARGE"],
      ["Something else", "SERVER_ERROR"],
    ])
      assert.equal(errorCodeOf(text!), code);
  });

  it("is true, false or nothing in INFO", () => {
    for (const [text, expected] of [
      ["TRUE", true],
      ["true", true],
      ["FALSE", false],
      ["-", false],
    ] as const) {
      const xml = `<DataLink Version="1" ServerID="x"><Status MemoryMappedRing="${text}" VolatileRing="${text}"/></DataLink>`;
      const steps = parseInfo("STATUS", xml);
      let step = steps.next();
      while (!step.done) step = steps.next();
      const { memoryMappedRing, volatileRing } = step.value.status;
      assert.deepEqual([memoryMappedRing, volatileRing], [expected, expected]);
    }
  });

  it("is refused with its reason where its INFO cannot be read", () => {
    const parse = () => {
      const steps = parseInfo("STATUS", "<html>no</html>");
      while (!steps.next().done);
    };
    assert.throws(parse, { code: "PROTOCOL", message: /^The server's INFO STATUS cannot be read: / });
  });
});

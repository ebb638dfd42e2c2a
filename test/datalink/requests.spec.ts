// lib/datalink/protocol/client-requests.ts and info.ts: the words that a client sends, by the DataLink protocol, and what INFO tells.
import assert from "node:assert/strict";
import type { ServerIdentity } from "../../lib/datalink/protocol/capabilities.ts";
import {
  authenticate,
  type ClientCommand,
  errorCodeOf,
  filter,
  identify,
  info,
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

  const packet = (more: object) => ({ streamId: "A/T", dataStart: 1, payload: "x", ...more });
  const old = { ...SERVER, software: "RingServer/4.0.9" } as ServerIdentity;
  const first = { ...SERVER, protocol: "1.0" } as ServerIdentity;
  const limits: [what: string, last: () => unknown, beyond: () => unknown, code: string][] = [
    ["a client id", () => identify("x".repeat(252)), () => identify("x".repeat(253)), "INVALID_ARGUMENT"],
    ["a client id's characters", () => identify(" ~"), () => identify("\x7f"), "INVALID_ARGUMENT"],
    [
      "a password",
      () => authenticate({ user: "me", password: "x".repeat(4092) }),
      () => authenticate({ user: "me", password: "x".repeat(4093) }),
      "TOO_LARGE",
    ],
    [
      "a token",
      () => authenticate({ jwt: "x".repeat(4095) }),
      () => authenticate({ jwt: "x".repeat(4096) }),
      "TOO_LARGE",
    ],
    [
      "a user's characters",
      () => authenticate({ user: "a b", password: "\r" }),
      () => authenticate({ user: "a\rb", password: "" }),
      "INVALID_ARGUMENT",
    ],
    ["a packet id", () => read(2n ** 64n - 11n), () => read(2n ** 64n - 10n), "INVALID_ARGUMENT"],
    ["a position", () => positionSet(0n), () => positionSet(-1n), "INVALID_ARGUMENT"],
    [
      "a time",
      () => positionAfter(2 ** 53 - 1, SERVER),
      () => positionAfter(2 ** 53, SERVER),
      "INVALID_ARGUMENT",
    ],
    [
      "a pattern",
      () => filter("MATCH", "x".repeat(6320), SERVER),
      () => filter("MATCH", "x".repeat(6321), SERVER),
      "TOO_LARGE",
    ],
    [
      "a payload",
      () => write(packet({ payload: "x".repeat(512) }), true, SERVER),
      () => write(packet({ payload: "x".repeat(513) }), true, SERVER),
      "TOO_LARGE",
    ],
    [
      "a stream id",
      () => write(packet({ streamId: "x".repeat(63) }), true, SERVER),
      () => write(packet({ streamId: "x".repeat(64) }), true, SERVER),
      "TOO_LARGE",
    ],
    ...[old, first].map((server): (typeof limits)[number] => [
      `a stream id for ${server.software ?? "protocol 1.0"}`,
      () => write(packet({ streamId: "x".repeat(59) }), true, server),
      () => write(packet({ streamId: "x".repeat(60) }), true, server),
      "TOO_LARGE",
    ]),
    [
      "a stream id's characters",
      () => write(packet({ streamId: "\x21~" }), true, SERVER),
      () => write(packet({ streamId: "A B" }), true, SERVER),
      "INVALID_ARGUMENT",
    ],
  ];
  for (const [what, last, beyond, code] of limits)
    it(`has a limit: ${what}`, () => {
      last();
      assert.throws(beyond, { code });
    });

  it("says which of its commands end a stream, have a payload, and may be answered twice", () => {
    const of = ({ stopsStream, hasPayload, mayBeAnsweredTwice = false, expects }: ClientCommand<unknown>) => [
      ...[stopsStream, hasPayload, mayBeAnsweredTwice, expects],
    ];
    assert.deepEqual(of(identify("me")), [false, false, false, "ID"]);
    assert.deepEqual(of(authenticate({ jwt: "x" })), [true, true, false, "OK"]);
    assert.deepEqual(of(positionSet(1n)), [true, false, false, "OK"]);
    assert.deepEqual(of(positionAfter(1, SERVER)), [true, false, false, "OK"]);
    assert.deepEqual(of(positionAfter(1, first)), [true, false, true, "OK"]);
    assert.deepEqual(of(filter("MATCH", "A", SERVER)), [true, true, false, "OK"]);
    assert.deepEqual(of(filter("MATCH", null, SERVER)), [true, false, false, "OK"]);
    assert.deepEqual(of(read(1n)), [true, false, false, "PACKET"]);
    assert.deepEqual(of(write(packet({}), true, SERVER)), [false, true, false, "OK"]);
    assert.deepEqual(of(info("STATUS", undefined, SERVER)), [false, false, false, "INFO"]);
    assert.deepEqual(of(info("STREAMS", "A", SERVER)), [false, true, false, "INFO"]);
    assert.deepEqual(of(info("STREAMS", "A B", first)), [false, false, false, "INFO"]);
    assert.deepEqual(words(info("STREAMS", "A B", first)), ["INFO STREAMS A\\x20B"]);
    assert.throws(() => info("GAPS" as "STATUS", undefined, SERVER), { code: "INVALID_ARGUMENT" });
  });
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

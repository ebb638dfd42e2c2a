// lib/seedlink/protocol: HELLO, commands, answers, numbers, times and INFO, as servers were seen to give and take them.
import assert from "node:assert/strict";
import { formatAddress, parseAddress } from "../../lib/seedlink/address.ts";
import { InfoCollector } from "../../lib/seedlink/info-collector.ts";
import {
  authenticate,
  begin,
  type Command,
  END,
  END_FETCH,
  HELLO,
  type InfoItem,
  info,
  SLPROTO_4,
  select,
  station,
  userAgent,
} from "../../lib/seedlink/protocol/commands.ts";
import { SeedLinkError } from "../../lib/seedlink/protocol/errors.ts";
import { FrameReader } from "../../lib/seedlink/protocol/frame.ts";
import {
  explainsRefusals,
  hasStationWildcards3,
  offersProtocol4,
  parseHello,
} from "../../lib/seedlink/protocol/hello.ts";
import type { SeedLinkInfo } from "../../lib/seedlink/protocol/info.ts";
import { parseInfoJson } from "../../lib/seedlink/protocol/info-json.ts";
import { parseInfoXml } from "../../lib/seedlink/protocol/info-xml.ts";
import { parseReply, refusalError } from "../../lib/seedlink/protocol/replies.ts";
import { formatSequence3, parseSequence, widenSequence } from "../../lib/seedlink/protocol/sequence.ts";
import { formatTime3, formatTime4, parseInfoTime } from "../../lib/seedlink/protocol/times.ts";
import { atOnce } from "../../lib/slices.ts";
import { received, row, rows } from "./vectors.ts";

const TIME = Date.UTC(2024, 1, 3, 4, 5, 16) * 1000;
const LIMITS = { maxPayload: 1 << 20, maxInfo: 1 << 20 };

function helloOf(name: string) {
  const [line = "", organization = ""] = received(name).toString().split("\r\n");
  return parseHello(line, organization);
}

const hellos = {
  ringserver: helloOf("hello"),
  ringserver3: helloOf("old-hello"),
  seiscomp: helloOf("sc-hello"),
};

function text(command: Command): string {
  return command.bytes.toString();
}

function readInfo(name: string, item: InfoItem, kind: keyof typeof hellos): SeedLinkInfo {
  const collector = new InfoCollector(item, "seedlink://server", hellos[kind]);
  const reader = new FrameReader(LIMITS);
  reader.push(row(name).steps.at(-1)!.recv);
  for (let frame = reader.nextFrame(); frame; frame = reader.nextFrame()) {
    const whole = frame.kind === "info" ? collector.add(frame) : undefined;
    if (whole) return atOnce(whole);
  }
  throw new Error("no INFO");
}

function failure(code: string, words = /./) {
  return (error: unknown) =>
    error instanceof SeedLinkError && error.code === code && words.test(error.message);
}

describe("SeedLink addresses", () => {
  it("have SeedLink's schemes, ports and path, and short forms", () => {
    const of = (text: string, secure = false) => formatAddress(parseAddress(text, secure));
    for (const [text, address] of [
      ["a", "seedlink://a:18000"],
      ["a:18500", "seedlinks://a:18500"],
      ["seedlinks://a", "seedlinks://a:18500"],
      ["seedlink://a:18001", "seedlink://a:18001"],
      ["ws://a", "ws://a/seedlink"],
    ] as const)
      assert.equal(of(text).replace(/:80(?=\/)/, ""), address);
    assert.equal(parseAddress("a", true).isSecure, true);
    assert.equal(parseAddress("a").isSecure, false);
  });

  it("that are none are refused with a code", () => {
    for (const text of ["", "http://a", "datalink://a", "a:99999", "seedlink://a/b"])
      assert.throws(() => parseAddress(text), { name: "SeedLinkError", code: "INVALID_ADDRESS" }, text);
  });
});

describe("SeedLink HELLO", () => {
  it("finds the program's name however many parentheses there are", () => {
    const softwareOf = (id: string) => parseHello(id, "").software;
    assert.equal(softwareOf("SeedLink v4.0 (1.2) (a (b) c)"), "a (b");
    for (const many of [
      "(Ri".repeat(200_000),
      "(".repeat(200_000),
      "()".repeat(200_000),
      "(1)".repeat(200_000),
    ])
      assert.equal(softwareOf(many), many);
    assert.equal(softwareOf(`${"(1)".repeat(200_000)}(x)`), "x");
  });

  it("tells the program and the versions, which are never taken from the program's own", () => {
    assert.deepEqual(hellos.ringserver, {
      id: "SeedLink v4.0 (RingServer/4.5.3)",
      software: "RingServer/4.5.3",
      organization: "Capture Ring",
      protocols: ["4.0", "3.1"],
      capabilities: ["CAP", "WS:13"],
      kind: "ringserver",
    });
    assert.equal(hellos.ringserver3.software, "2020.075 RingServer");
    assert.equal(hellos.ringserver3.kind, "ringserver3");
    assert.deepEqual([hellos.seiscomp.kind, hellos.seiscomp.protocols], ["seiscomp", []]);
    assert.equal(hellos.seiscomp.software, "SeedLink v3.3 (2024.020)");
    assert.equal(parseHello("SeedLink v4.0 (x/1) :: SLPROTO:4.0", "").kind, "other");
    assert.equal(parseHello("SeedLink v3.0 (2005.212)", "").kind, "other");
    assert.equal(offersProtocol4(parseHello("SeedLink v4.0 (2030.001)", "")), false);
    for (const odd of ["", "::", ":: SLPROTO:", "SLPROTO:4.0"])
      assert.deepEqual(parseHello(odd, "").protocols, []);
  });

  it("tells what may be sent: protocol 4, EXTREPLY, wildcards", () => {
    const of = (test: (hello: typeof hellos.seiscomp) => boolean) => Object.values(hellos).map(test);
    assert.deepEqual(of(offersProtocol4), [true, false, false]);
    assert.deepEqual(of(explainsRefusals), [true, true, false]);
    assert.deepEqual(of(hasStationWildcards3), [true, true, false]);
  });
});

describe("the ten rules of a SeedLink client", () => {
  it("1: a command is one line, and says what answers it, so that one can be sent after the other", () => {
    for (const command of [
      HELLO,
      SLPROTO_4,
      END,
      station("CO_JSC", 3),
      select("BHZ"),
      begin({ at: "next" }, 3),
    ]) {
      assert.equal(text(command).match(/\r\n/g)?.length, 1);
    }
    assert.deepEqual(
      [HELLO.answer, SLPROTO_4.answer, END.answer, END_FETCH.answer],
      ["hello", "line", "stream", "stream"],
    );
    assert.equal(info("ID").answer, "info");
  });

  it("2: every command ends with CR LF, never begins with a line end, and none can be smuggled into another", () => {
    for (const command of [
      HELLO,
      SLPROTO_4,
      END,
      userAgent("a/1"),
      authenticate({ user: "a", password: "b" }),
    ]) {
      assert.match(text(command), /^[A-Z][^\r\n]*\r\n$/);
    }
    for (const bad of ["a\r\nBYE", "a\nb", "\u00e4"]) {
      assert.throws(() => select(bad), failure("INVALID_ARGUMENT"));
      assert.throws(() => station(bad, 4), failure("INVALID_ARGUMENT"));
      assert.throws(() => userAgent(bad), failure("INVALID_ARGUMENT"));
      assert.throws(() => authenticate({ jwt: bad }), failure("INVALID_ARGUMENT"));
    }
    assert.throws(() => authenticate({ user: "a b", password: "c" }), failure("INVALID_ARGUMENT"));
    assert.throws(() => select("x".repeat(300)), failure("INVALID_ARGUMENT", /255/));
    assert.doesNotMatch(authenticate({ user: "me", password: "secret" }).name, /secret/);
  });

  it("3: the length of a protocol 3 packet is that of its record (v3-record-sizes, v3-mseed3)", () => {
    const lengths = (name: string) => {
      const reader = new FrameReader(LIMITS);
      reader.push(row(name).steps.at(-1)!.recv);
      const all: number[] = [];
      for (let frame = reader.nextFrame(); frame?.kind === "data"; frame = reader.nextFrame())
        all.push(frame.payload.length);
      return new Set(all);
    };
    assert.deepEqual(lengths("v3-record-sizes"), new Set([128, 256, 4096]));
    assert.deepEqual(lengths("v3-mseed3"), new Set([317]));
  });

  it("6: numbers of protocol 3 have six upper-case digits and 24 bits (sc-data-unmasked)", () => {
    assert.equal(row("sc-data-unmasked").steps.at(-1)!.recv.toString(), "ERROR\r\n");
    assert.equal(text(begin({ at: "sequence", sequence: 0x1000000n }, 3)), "DATA 000000\r\n");
    assert.equal(text(begin({ at: "sequence", sequence: 0x2abcden }, 3)), "DATA 2ABCDE\r\n");
    assert.equal(
      text(begin({ at: "sequence", sequence: 2n ** 64n - 1n }, 4)),
      "DATA 18446744073709551615\r\n",
    );
    assert.throws(() => begin({ at: "sequence", sequence: 2n ** 64n }, 4), failure("INVALID_ARGUMENT"));
  });

  it("8: while data flow, INFO ID is the question to be asked; its answer comes between packets (sc-info-midstream)", () => {
    const reader = new FrameReader(LIMITS);
    for (const step of row("sc-info-midstream").steps.slice(3)) reader.push(step.recv);
    const kinds: string[] = [];
    for (let frame = reader.nextFrame(); frame; frame = reader.nextFrame()) kinds.push(frame.kind);
    assert.deepEqual(kinds, ["data", "data", "info"]);
    assert.equal(text(info("ID")), "INFO ID\r\n");
  });

  it("9: there is no BATCH: with it a refusal is silent (sc-batch-bad-station)", async () => {
    assert.equal(row("sc-batch-bad-station").steps[1]!.recv.length, 0);
    const commands = await import("../../lib/seedlink/protocol/commands.ts");
    for (const value of Object.values(commands))
      assert.doesNotMatch(String((value as Command).bytes ?? ""), /BATCH/);
  });

  it("10: END of the server is a frame of its own, behind which this side closes (sc-fetch-all)", () => {
    const reader = new FrameReader(LIMITS);
    reader.push(row("sc-fetch-all").steps.at(-1)!.recv);
    let last: string | undefined;
    for (let frame = reader.nextFrame(); frame; frame = reader.nextFrame()) last = frame.kind;
    assert.equal(last, "end");
    assert.equal(row("sc-fetch-all").closes, false);
  });
});

describe("SeedLink commands", () => {
  it("are written in the words of each protocol", () => {
    assert.equal(text(station("CO_JSC", 3)), "STATION JSC CO\r\n");
    assert.equal(text(station("*", 3)), "STATION * *\r\n");
    assert.equal(text(station("CO_*", 4)), "STATION CO_*\r\n");
    assert.equal(text(begin({ at: "time", start: TIME }, 3)), "TIME 2024,02,03,04,05,16\r\n");
    assert.equal(
      text(begin({ at: "time", start: TIME + 1, end: TIME + 1 }, 3)),
      "TIME 2024,02,03,04,05,16 2024,02,03,04,05,17\r\n",
    );
    assert.equal(text(begin({ at: "time", start: TIME }, 4)), "DATA 0 2024-02-03T04:05:16.000000Z\r\n");
    assert.deepEqual(
      [text(begin({ at: "all" }, 3)), text(begin({ at: "all" }, 4))],
      ["DATA ALL\r\n", "DATA 0\r\n"],
    );
    assert.equal(text(info("STREAMS", undefined, "*_B_H_?")), "INFO STREAMS * *_B_H_?\r\n");
    assert.throws(() => info("GAPS" as InfoItem), failure("INVALID_ARGUMENT"));
  });

  it("that servers were seen to take are those that are written here", () => {
    const taken = new Set(rows.flatMap((each) => each.steps.map((step) => step.send)));
    for (const command of [
      HELLO,
      SLPROTO_4,
      station("CO_JSC", 4),
      station("JSC_CO".split("_").reverse().join("_"), 3),
      select("BHZ"),
      select("!*_B_H_N"),
      begin({ at: "sequence", sequence: 5n }, 3),
      begin({ at: "all" }, 3),
      END,
      END_FETCH,
      info("ID"),
    ]) {
      assert.ok(taken.has(text(command)), text(command));
    }
  });
});

describe("SeedLink answers", () => {
  it("are OK, or a refusal in any of its three forms", () => {
    assert.deepEqual(parseReply("OK\r"), { ok: true });
    assert.deepEqual(parseReply("ERROR\r"), { ok: false, code: undefined, message: "" });
    const extended = row("capabilities-extreply").steps[1]!.recv.toString().slice(0, -1);
    assert.deepEqual(parseReply(extended), {
      ok: false,
      code: "ARGUMENTS",
      message: "STATION requires 1 or 2 arguments",
    });
    assert.deepEqual(parseReply("ERROR AUTH Authentication failed"), {
      ok: false,
      code: "AUTH",
      message: "Authentication failed",
    });
    for (const odd of ["", "OKAY", "ERRORS", "SeedLink"])
      assert.throws(() => parseReply(odd), failure("PROTOCOL"));
  });

  it("that refuse say who refused what, in the server's words without control characters", () => {
    const reply = parseReply("ERROR AUTH no\u0007 entry") as { ok: false } & ReturnType<typeof parseReply>;
    const error = refusalError("seedlink://host:18000", "END", reply as never);
    assert.equal(error.code, "NOT_PERMITTED");
    assert.match(error.message, /seedlink:\/\/host:18000 refused END with "AUTH no entry"/);
  });

  it("of every recorded row that is lines only can be read", () => {
    for (const { name, transport, steps } of rows) {
      for (const { recv } of steps) {
        const answer = recv.toString("latin1");
        if (transport === "tcp" && /^(OK|ERROR)[^\n]*\n$/.test(answer)) {
          assert.equal(parseReply(answer.slice(0, -1)).ok, answer.startsWith("OK"), name);
        }
      }
    }
  });
});

describe("SeedLink numbers and times", () => {
  it("of 24 bits are widened to the nearest of those that are known", () => {
    assert.equal(widenSequence(5, undefined), 5n);
    assert.equal(widenSequence(0, 0xffffffn), 0x1000000n);
    assert.equal(widenSequence(0xffffff, 0x1000000n), 0xffffffn);
    assert.equal(widenSequence(0xfffffa, 0x2000003n), 0x1fffffan);
    assert.equal(widenSequence(0x000003, 0x1fffffan), 0x2000003n);
    assert.equal(widenSequence(0xffffff, 3n), 0xffffffn);
    for (const near of [0n, 7n, 0xffffffn, 0x1234567890n]) {
      for (const step of [0n, 1n, 0x7ffffen]) {
        assert.equal(widenSequence(Number((near + step) % 0x1000000n), near), near + step);
      }
    }
    assert.equal(formatSequence3(0x1fffffan), "FFFFFA");
    assert.deepEqual(
      [
        parseSequence("33554426", 10),
        parseSequence("000028", 16),
        parseSequence("x", 16),
        parseSequence("", 10),
      ],
      [33554426n, 0x28n, undefined, undefined],
    );
  });

  it("are written as each protocol wants them, and read as INFO gives them", () => {
    assert.equal(formatTime3(TIME + 999_999), "2024,02,03,04,05,16");
    assert.equal(formatTime3(TIME + 1, "up"), "2024,02,03,04,05,17");
    assert.equal(formatTime4(TIME + 500_000), "2024-02-03T04:05:16.500000Z");
    assert.equal(parseInfoTime("2024/02/03 04:05:16.0000"), TIME);
    assert.equal(parseInfoTime("2024-02-03 04:05:16"), TIME);
    assert.equal(parseInfoTime("unset"), undefined);
  });
});

describe("SeedLink INFO", () => {
  it("of both protocols and all three servers gives one form", () => {
    const xml = readInfo("info-streams", "STREAMS", "ringserver");
    const json = readInfo("info-streams-c", "STREAMS", "ringserver");
    const plain = (of: SeedLinkInfo) =>
      of.stations.map(({ id, firstSequence, nextSequence, streams }) => ({
        id,
        firstSequence,
        nextSequence,
        streams: streams.map((stream) => [stream.id, stream.start, stream.end]),
      }));
    assert.deepEqual(plain(xml), plain(json));
    assert.equal(xml.software, json.software);
    assert.deepEqual(
      json.stations.find((each) => each.id === "CO_HAW"),
      {
        id: "CO_HAW",
        description: "Station ID CO_HAW",
        firstSequence: 4n,
        nextSequence: 19n,
        streams: [
          { id: "_B_H_Z", format: "2", subformat: "D", start: TIME - 10_000_000, end: TIME + 19_950_000 },
        ],
      },
    );
    const sc = readInfo("sc-info-all", "STREAMS", "seiscomp");
    assert.deepEqual(
      sc.stations.map(({ id, firstSequence, nextSequence, streams }) => [
        id,
        firstSequence,
        nextSequence,
        streams.length,
      ]),
      [
        ["CO_JSC", 0n, 9n, 3],
        ["CO_HAW", 0n, 4n, 1],
        ["AM_R1234", 0x14n, 0x28n, 1],
      ],
    );
    assert.ok(sc.capabilities.includes("info:all"));
  });

  it("gives ranges that end behind the newest packet, decimal or hexadecimal as the server means them", () => {
    const range = (of: SeedLinkInfo) => of.stations.map((each) => [each.firstSequence, each.nextSequence]);
    assert.deepEqual(range(readInfo("info-stations-wrap", "STATIONS", "ringserver")), [
      [33554426n, 33554436n],
    ]);
    assert.deepEqual(range(readInfo("old-info-stations", "STATIONS", "ringserver3")), [[1n, 0x14n]]);
    assert.deepEqual(range(readInfo("sc-info-stations", "STATIONS", "seiscomp")).at(-1), [0x14n, 0x28n]);
  });

  it("keeps every digit of 64-bit numbers", () => {
    const json =
      '{"station":[{"id":"A_B","start_seq":18446744073709551600,"end_seq" : 18446744073709551615}]}';
    const [only] = atOnce(parseInfoJson(json)).stations;
    assert.deepEqual(
      [only?.firstSequence, only?.nextSequence],
      [18446744073709551600n, 18446744073709551615n],
    );
    const inText = '{"organization":"\\"end_seq\\":5,","station":[]}';
    assert.equal(atOnce(parseInfoJson(inText)).organization, '"end_seq":5,');
  });

  it("tells formats, filters, connections and that there are no stations", () => {
    const formats = readInfo("info-formats-c", "FORMATS", "ringserver");
    assert.deepEqual(formats.formats["3"], {
      mimeType: "application/vnd.fdsn.mseed3",
      subformats: { D: "Data" },
    });
    assert.deepEqual(Object.keys(formats.filters).sort(), ["3", "native"]);
    assert.deepEqual(readInfo("info-stations-zz", "STATIONS", "ringserver").stations, []);
    const clients = readInfo("info-connections", "CONNECTIONS", "ringserver");
    assert.deepEqual(clients.stations, []);
    assert.deepEqual([clients.connections.length, clients.connections[0]!.host], [2, "127.0.0.1"]);
  });

  it("tells clients in the words of any server, with what is plain of the rest as text", () => {
    const client = {
      ip_address: "1.2.3.4",
      client_port: "5",
      ctime: "2024-02-03T04:05:16Z",
      user: { a: 1 },
      n: 7,
    };
    const attributes = { ip_address: "1.2.3.4", client_port: "5", ctime: "2024-02-03T04:05:16Z", n: "7" };
    const told = { host: "1.2.3.4", port: 5, connectedAt: TIME, attributes };
    for (const json of [
      { connection: [client] },
      { connections: { client: [client] } },
      { connections: { connection: [client] } },
      { connections: [client, "x", null] },
    ])
      assert.deepEqual(atOnce(parseInfoJson(JSON.stringify(json))).connections, [told]);
    const bare = { host: 5, port: 1.5, connect_time: "soon" };
    assert.deepEqual(atOnce(parseInfoJson(JSON.stringify({ connection: [bare, {}] }))).connections, [
      { attributes: { host: "5", port: "1.5", connect_time: "soon" } },
      { attributes: {} },
    ]);
    assert.deepEqual(atOnce(parseInfoJson("{}")).connections, []);
  });

  it("that is refused says so (info-gaps, info-gaps-c, old-info-gaps)", () => {
    for (const [name, kind] of [
      ["info-gaps", "ringserver"],
      ["info-gaps-c", "ringserver"],
      ["old-info-gaps", "ringserver3"],
    ] as const) {
      assert.throws(() => readInfo(name, "FORMATS", kind), failure("SERVER_ERROR", /refused INFO FORMATS/));
    }
  });

  it("of strangers is bounded, and never anything but INFO or an error with a code", () => {
    const nested = `<seedlink>${"<station>".repeat(20)}`;
    assert.throws(() => atOnce(parseInfoXml(nested, hellos.seiscomp)), failure("PROTOCOL", /nested/));
    assert.throws(() => atOnce(parseInfoXml("<html/>", hellos.seiscomp)), failure("PROTOCOL"));
    assert.throws(
      () => atOnce(parseInfoJson(`{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`)),
      failure("PROTOCOL"),
    );
    for (const odd of ["", "[]", "null", "{", '"x"'])
      assert.throws(() => atOnce(parseInfoJson(odd)), failure("PROTOCOL"));
    const wrong = atOnce(
      parseInfoJson('{"station":[1,null,{"id":5,"start_seq":-1,"stream":{}}],"format":3,"capability":[{}]}'),
    );
    assert.deepEqual(wrong.stations, [{ id: "", streams: [] }]);
    const collector = new InfoCollector("STREAMS", "server", hellos.seiscomp);
    const record = Buffer.alloc(512);
    record.writeUInt16BE(65535, 30);
    record.writeUInt16BE(64, 44);
    const frame = { kind: "info", protocol: 3, isLast: false, isError: false, payload: record } as const;
    assert.equal(collector.add(frame), undefined);
  });

  it("joins records as bytes, so that a character may lie across two", () => {
    const xml = Buffer.from('<seedlink software="x" organization="Z\u00fcrich"/>');
    const at = xml.indexOf(0xc3) + 1;
    const collector = new InfoCollector("ID", "server", hellos.seiscomp);
    const frames = [xml.subarray(0, at), xml.subarray(at)].map((piece, i) => {
      const payload = Buffer.alloc(512);
      payload.writeUInt16BE(piece.length, 30);
      payload.writeUInt16BE(64, 44);
      piece.copy(payload, 64);
      return { kind: "info", protocol: 3, isLast: i === 1, isError: false, payload } as const;
    });
    assert.equal(collector.add(frames[0]!), undefined);
    assert.equal(atOnce(collector.add(frames[1]!)!).organization, "Z\u00fcrich");
  });
});

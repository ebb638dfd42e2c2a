// lib/seedlink/resume.ts and arrivals.ts: what is sent, dropped and told, for every server and every fate of a position.
import assert from "node:assert/strict";
import { Arrivals, type Verdict } from "../../lib/seedlink/arrivals.ts";
import {
  advance,
  emptyPosition,
  type Numbering,
  positionFormat,
  rewound,
  type SeedLinkPosition,
} from "../../lib/seedlink/position.ts";
import { begin } from "../../lib/seedlink/protocol/commands.ts";
import { SeedLinkError } from "../../lib/seedlink/protocol/errors.ts";
import type { DataFrame } from "../../lib/seedlink/protocol/frame.ts";
import { parseHello } from "../../lib/seedlink/protocol/hello.ts";
import type { InfoStation } from "../../lib/seedlink/protocol/info.ts";
import type { SeedLinkPacket } from "../../lib/seedlink/protocol/packet.ts";
import { parseStreams } from "../../lib/seedlink/protocol/selectors.ts";
import { type Plan, planResume, type ResumeInput } from "../../lib/seedlink/resume.ts";
import { rings } from "./vectors.ts";

const SERVERS = {
  ring4: [parseHello("SeedLink v4.0 (RingServer/4.5.3) :: SLPROTO:4.0 SLPROTO:3.1 CAP WS:13", ""), 4],
  ring3: [parseHello("SeedLink v4.0 (RingServer/4.5.3) :: SLPROTO:4.0 SLPROTO:3.1 CAP WS:13", ""), 3],
  old: [parseHello("SeedLink v3.1 (2020.075 RingServer) :: SLPROTO:3.1 CAP EXTREPLY NSWILDCARD", ""), 3],
  seiscomp: [parseHello("SeedLink v3.3 (2024.020)", ""), 3],
  other4: [parseHello("SeedLink v4.0 (x) :: SLPROTO:4.0", ""), 4],
  other3: [parseHello("SeedLink v3.0 (2005.212)", ""), 3],
} as const;
type Server = keyof typeof SERVERS;

const SECOND = 1_000_000;
const SOURCE = "FDSN:CO_JSC_00_B_H_Z";

function packet(sequence: bigint, start = Number(sequence) * SECOND, sourceId = SOURCE): SeedLinkPacket {
  const [network, station] = sourceId.slice(5).split("_");
  return {
    station: `${network}_${station}`,
    sequence,
    format: "2",
    subformat: "D",
    streamId: `${sourceId}/MSEED`,
    sourceId,
    dataStart: start,
    dataEnd: start + SECOND,
    payload: Buffer.alloc(0),
  };
}

function at(numbering: Numbering, ...packets: SeedLinkPacket[]): SeedLinkPosition {
  const position = emptyPosition(numbering);
  for (const each of packets) advance(position, each);
  return position;
}

function listed(...stations: [id: string, first: bigint, next: bigint][]): InfoStation[] {
  return stations.map(([id, firstSequence, nextSequence]) => ({
    id,
    firstSequence,
    nextSequence,
    streams: [],
  }));
}

function plan(server: Server, input: Partial<Omit<ResumeInput, "requests">> & { streams?: string }): Plan {
  const [hello, protocol] = SERVERS[server];
  const { streams = "CO_JSC", ...rest } = input;
  return planResume({
    hello,
    protocol,
    requests: parseStreams(streams),
    start: "latest",
    position: undefined,
    stations: undefined,
    ...rest,
  });
}

/** What is sent to say where each station begins. */
function sent(server: Server, { stations }: Plan): string[] {
  return stations.map(({ station, begin: where }) => {
    const line = begin(where, SERVERS[server][1]).bytes.toString().trim();
    return `${station} ${line}`;
  });
}

const FROM_1970 = { ring4: "DATA 0 1970-01-01T00:00:01.000000Z", ring3: "TIME 1970,01,01,00,00,01" };

interface Case {
  name: string;
  server: Server;
  input: Parameters<typeof plan>[1];
  sends: string[];
  how?: string;
  drop?: string;
  expects?: bigint | undefined;
  gaps?: [string, bigint, bigint][];
  key?: string;
}

const ring50 = at("ring", packet(50n));
const station5 = at("station", packet(5n));

const CASES: Case[] = [
  // ringserver 4, protocol 4
  {
    name: "latest",
    server: "ring4",
    input: { stations: listed(["CO_JSC", 10n, 61n]) },
    sends: ["CO_JSC DATA"],
    how: "new",
    drop: "none",
  },
  {
    name: "earliest",
    server: "ring4",
    input: { start: "earliest" },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "new",
    drop: "none",
  },
  {
    name: "a time",
    server: "ring4",
    input: { start: 1.5 * SECOND },
    sends: ["CO_JSC DATA 0 1970-01-01T00:00:01.500000Z"],
    how: "new",
  },
  {
    name: "in the ring: the last one again",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 40n, 61n]) },
    sends: ["CO_JSC DATA 50"],
    how: "position",
    drop: "numbers",
    expects: 50n,
  },
  {
    name: "the range is that of all stations",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 55n, 56n], ["GE_WLF", 40n, 61n]) },
    sends: ["CO_JSC DATA 50"],
    how: "position",
    expects: 50n,
  },
  {
    name: "up to date",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 40n, 51n]) },
    sends: ["CO_JSC DATA 50"],
    how: "position",
    expects: 50n,
  },
  {
    name: "the oldest in the ring: n-1 is gone",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 50n, 61n]) },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "position",
    drop: "numbers",
    gaps: [],
  },
  {
    name: "just gone: the oldest is never sent",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 51n, 61n]) },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "earliest",
    drop: "numbers",
    gaps: [["*", 51n, 51n]],
  },
  {
    name: "long gone",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 70n, 80n]) },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "earliest",
    drop: "numbers",
    gaps: [["*", 51n, 70n]],
  },
  {
    name: "beyond the newest: began anew",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 1n, 50n]) },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "restarted",
    drop: "times",
  },
  {
    name: "an empty ring: began anew",
    server: "ring4",
    input: { position: ring50, stations: [] },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "restarted",
    drop: "times",
  },
  {
    name: "INFO is refused",
    server: "ring4",
    input: { position: ring50 },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "unknown",
    drop: "times",
  },
  {
    name: "another packet had the number",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 1n, 61n]), distrusted: new Set(["*"]) },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "restarted",
    drop: "times",
  },
  {
    name: "one number for all stations",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 1n, 61n]), streams: "CO_JSC:BHZ,GE_*" },
    sends: ["CO_JSC DATA 50", "GE_* DATA 50"],
    how: "position",
    expects: 50n,
  },
  {
    name: "the last one is not asked for any more",
    server: "ring4",
    input: { position: ring50, stations: listed(["CO_JSC", 1n, 61n]), streams: "GE_WLF" },
    sends: ["GE_WLF DATA 51"],
    how: "position",
    expects: undefined,
  },
  {
    name: "cut before the first packet after latest",
    server: "ring4",
    input: {
      position: { ...emptyPosition("ring"), newest: { sequence: 50n } },
      stations: listed(["CO_JSC", 1n, 61n]),
    },
    sends: ["CO_JSC DATA 51"],
    how: "position",
    expects: undefined,
  },
  {
    name: "64-bit numbers are not widened",
    server: "ring4",
    input: { position: at("ring", packet(33554430n)), stations: listed(["CO_JSC", 1n, 50n]) },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "restarted",
  },
  {
    name: "a position of a SeisComP",
    server: "ring4",
    input: { position: station5, stations: listed(["CO_JSC", 1n, 61n]) },
    sends: [`CO_JSC ${FROM_1970.ring4}`],
    how: "restarted",
    drop: "times",
  },
  // ringserver 4, protocol 3
  {
    name: "earliest in 3",
    server: "ring3",
    input: { start: "earliest" },
    sends: [`CO_JSC ${FROM_1970.ring3}`],
  },
  {
    name: "in the ring in 3",
    server: "ring3",
    input: { position: ring50, stations: listed(["CO_JSC", 40n, 61n]) },
    sends: ["CO_JSC DATA 000032"],
    how: "position",
    expects: 50n,
  },
  {
    name: "behind a wrap in 3: the number would be another one",
    server: "ring3",
    input: { position: at("ring", packet(0x1fffffcn)), stations: listed(["CO_JSC", 0x1fffffan, 0x2000004n]) },
    sends: [`CO_JSC ${FROM_1970.ring3}`],
    how: "position",
    drop: "numbers",
  },
  {
    name: "after a wrap in 3",
    server: "ring3",
    input: { position: at("ring", packet(0x2000002n)), stations: listed(["CO_JSC", 0x1fffffan, 0x2000004n]) },
    sends: ["CO_JSC DATA 000002"],
    how: "position",
    expects: 0x2000002n,
  },
  {
    name: "began anew in 3",
    server: "ring3",
    input: { position: at("ring", packet(0x2000002n)), stations: listed(["CO_JSC", 1n, 60n]) },
    sends: [`CO_JSC ${FROM_1970.ring3}`],
    how: "restarted",
    drop: "times",
  },
  // ringserver 2020
  {
    name: "in the ring, old ringserver",
    server: "old",
    input: { position: ring50, stations: listed(["CO_JSC", 40n, 61n]) },
    sends: ["CO_JSC DATA 000032"],
    expects: 50n,
  },
  {
    name: "in the ring, old ringserver, widened",
    server: "old",
    input: { position: at("ring", packet(0x1000032n)), stations: listed(["CO_JSC", 0x28n, 0x3dn]) },
    sends: ["CO_JSC DATA 000032"],
    expects: 0x1000032n,
  },
  {
    name: "long gone, old ringserver",
    server: "old",
    input: { position: ring50, stations: listed(["CO_JSC", 70n, 80n]) },
    sends: [`CO_JSC ${FROM_1970.ring3}`],
    how: "earliest",
    gaps: [["*", 51n, 70n]],
  },
  // SeisComP
  {
    name: "latest, SeisComP",
    server: "seiscomp",
    input: { stations: listed(["CO_JSC", 0n, 9n]) },
    sends: ["CO_JSC DATA"],
    key: "CO_JSC",
    how: "new",
  },
  {
    name: "earliest, SeisComP",
    server: "seiscomp",
    input: { start: "earliest" },
    sends: ["CO_JSC DATA ALL"],
    key: "CO_JSC",
    how: "new",
  },
  {
    name: "a time, SeisComP",
    server: "seiscomp",
    input: { start: SECOND },
    sends: ["CO_JSC TIME 1970,01,01,00,00,01"],
  },
  {
    name: "in range, SeisComP: never with a time",
    server: "seiscomp",
    input: { position: station5, stations: listed(["CO_JSC", 0n, 9n]) },
    sends: ["CO_JSC DATA 000005"],
    key: "CO_JSC",
    how: "position",
    expects: 5n,
  },
  {
    name: "just gone, SeisComP",
    server: "seiscomp",
    input: { position: station5, stations: listed(["CO_JSC", 6n, 9n]) },
    sends: ["CO_JSC DATA ALL"],
    key: "CO_JSC",
    how: "position",
    gaps: [],
  },
  {
    name: "gone, SeisComP",
    server: "seiscomp",
    input: { position: station5, stations: listed(["CO_JSC", 8n, 9n]) },
    sends: ["CO_JSC DATA ALL"],
    key: "CO_JSC",
    how: "earliest",
    drop: "numbers",
    gaps: [["CO_JSC", 6n, 7n]],
  },
  {
    name: "ahead of the end, SeisComP",
    server: "seiscomp",
    input: { position: station5, stations: listed(["CO_JSC", 0n, 5n]) },
    sends: ["CO_JSC DATA ALL"],
    key: "CO_JSC",
    how: "restarted",
    drop: "times",
  },
  {
    name: "another packet had the number, SeisComP",
    server: "seiscomp",
    input: { position: station5, stations: listed(["CO_JSC", 0n, 9n]), distrusted: new Set(["CO_JSC"]) },
    sends: ["CO_JSC DATA ALL"],
    key: "CO_JSC",
    how: "restarted",
    drop: "times",
  },
  {
    name: "each station its own number, SeisComP",
    server: "seiscomp",
    input: {
      position: at("station", packet(5n), packet(2n, 0, "FDSN:CO_HAW__B_H_Z")),
      stations: listed(["CO_JSC", 0n, 9n], ["CO_HAW", 0n, 4n]),
      streams: "CO_JSC,CO_HAW",
    },
    sends: ["CO_JSC DATA 000005", "CO_HAW DATA 000002"],
    key: "CO_HAW",
    expects: 2n,
  },
  {
    name: "wildcards become stations, SeisComP",
    server: "seiscomp",
    input: {
      stations: listed(["CO_JSC", 0n, 9n], ["CO_HAW", 0n, 4n], ["AM_R1234", 0n, 1n]),
      streams: "CO_*:BHZ",
    },
    sends: ["CO_JSC DATA", "CO_HAW DATA"],
  },
  {
    name: "a station that appeared, SeisComP",
    server: "seiscomp",
    input: { position: station5, stations: listed(["CO_JSC", 0n, 9n], ["CO_NEW", 0n, 3n]), streams: "CO_*" },
    sends: ["CO_JSC DATA 000005", "CO_NEW DATA ALL"],
  },
  {
    name: "no INFO, SeisComP",
    server: "seiscomp",
    input: { position: station5 },
    sends: ["CO_JSC DATA 000005"],
    key: "CO_JSC",
    how: "unknown",
    expects: 5n,
  },
  {
    name: "over the end of the numbers, SeisComP",
    server: "seiscomp",
    input: { position: at("station", packet(0x1000001n)), stations: listed(["CO_JSC", 0xfffff0n, 0x5n]) },
    sends: ["CO_JSC DATA 000001"],
    key: "CO_JSC",
    how: "position",
    expects: 0x1000001n,
  },
  {
    name: "a position of a ringserver, SeisComP",
    server: "seiscomp",
    input: { position: ring50, stations: listed(["CO_JSC", 0n, 90n]) },
    sends: ["CO_JSC DATA ALL"],
    key: "CO_JSC",
    how: "restarted",
    drop: "times",
  },
  // others
  {
    name: "protocol 4, other",
    server: "other4",
    input: { position: station5, stations: listed(["CO_JSC", 0n, 9n]), streams: "CO_*" },
    sends: ["CO_JSC DATA 5", "CO_* DATA"],
    key: "CO_JSC",
    expects: 5n,
  },
  {
    name: "protocol 4, other, earliest",
    server: "other4",
    input: { start: "earliest" },
    sends: ["CO_JSC DATA 0"],
  },
  {
    name: "protocol 4, other, gone",
    server: "other4",
    input: { position: station5, stations: listed(["CO_JSC", 8n, 9n]) },
    sends: ["CO_JSC DATA 0"],
    key: "CO_JSC",
    how: "earliest",
    gaps: [["CO_JSC", 6n, 7n]],
  },
  {
    name: "protocol 3, unknown: no time",
    server: "other3",
    input: { position: station5 },
    sends: ["CO_JSC DATA 000005"],
    key: "CO_JSC",
    how: "unknown",
  },
];

describe("the decision where to begin at a SeedLink server", () => {
  for (const each of CASES) {
    it(`${each.server}: ${each.name}`, () => {
      const made = plan(each.server, each.input);
      const judgement = made.judgements.get(each.key ?? "*");
      assert.deepEqual(sent(each.server, made), each.sends);
      if (each.how) assert.equal(judgement?.how, each.how);
      if (each.drop) assert.equal(judgement?.drop.rule, each.drop);
      if ("expects" in each) assert.equal(judgement?.expect?.sequence, each.expects);
      if (each.gaps)
        assert.deepEqual(
          made.gaps.map(({ station, first, last }) => [station, first, last]),
          each.gaps,
        );
    });
  }

  it("keeps, with the packets to come, the number of the newest one, so that a cut before the first loses nothing", () => {
    const ring = plan("ring4", { stations: listed(["CO_JSC", 10n, 61n], ["GE_WLF", 3n, 70n]) });
    assert.equal(ring.position.newest?.sequence, 69n);
    const station = plan("seiscomp", { stations: listed(["CO_JSC", 0n, 0n]) });
    assert.equal(station.position.stations.get("CO_JSC")?.sequence, -1n);
    assert.equal(
      plan("ring4", { start: "earliest", stations: listed(["CO_JSC", 1n, 9n]) }).position.newest,
      undefined,
    );
  });

  it("names the stations that the server does not know, not those whose codes INFO cuts", () => {
    const stations = listed(["CO_JSC", 1n, 9n], ["XX_LONGSTATIO", 1n, 9n]);
    const made = plan("ring4", { stations, streams: "CO_JSC,CO_NOPE,XX_LONGSTATION,GE_*" });
    assert.deepEqual(made.missing, ["CO_NOPE"]);
    assert.deepEqual(plan("ring4", { streams: "CO_NOPE" }).missing, []);
  });

  it("knows how many packets a ring holds, where the server tells: one at least", () => {
    const span = (stations?: InfoStation[]) => plan("ring4", { stations }).span;
    assert.deepEqual(
      [listed(["CO_JSC", 5n, 9n], ["CO_HAW", 7n, 12n]), listed(["CO_JSC", 5n, 5n]), listed(), undefined].map(
        span,
      ),
      [7n, 1n, 1n, undefined],
    );
    assert.equal(plan("seiscomp", { stations: listed(["CO_JSC", 5n, 9n]) }).span, undefined);
  });

  it("asks for all of a station that was missing and is there now", () => {
    const stations = listed(["CO_JSC", 0n, 9n]);
    const made = plan("seiscomp", { stations, missing: new Set(["CO_JSC"]) });
    assert.deepEqual(sent("seiscomp", made), ["CO_JSC DATA ALL"]);
  });

  it("says so where wildcards cannot be asked for at all", () => {
    assert.throws(
      () => plan("other3", { streams: "CO_*" }),
      (error) => error instanceof SeedLinkError && error.code === "NOT_SUPPORTED",
    );
  });

  it("changes nothing of the position that it is given", () => {
    const before = JSON.stringify(positionFormat.write(station5));
    plan("seiscomp", {
      position: station5,
      stations: listed(["CO_JSC", 0n, 9n], ["CO_X", 0n, 3n]),
      streams: "*",
    });
    assert.equal(JSON.stringify(positionFormat.write(station5)), before);
  });
});

describe("the position of a SeedLink reader", () => {
  it("comes back from its file, and nothing else does", () => {
    const position = at("station", packet(5n), packet(2n ** 64n - 1n, 7, "FDSN:CO_HAW__B_H_Z"));
    position.stations.set("CO_X", { sequence: -1n });
    const text = JSON.stringify(positionFormat.write(position));
    assert.deepEqual(positionFormat.read(JSON.parse(text)), position);
    const odd = [null, 1, {}, { numbering: "x" }, { numbering: "ring", newest: { sequence: 5 } }];
    for (const value of [
      ...odd,
      { numbering: "ring", stations: { A: 1 } },
      { numbering: "ring", streams: { A: "x" } },
    ]) {
      assert.equal(positionFormat.read(value), undefined, JSON.stringify(value));
    }
  });

  it("keeps the latest start of a stream, whatever comes late", () => {
    const position = at("ring", packet(1n, 100), packet(2n, 50));
    assert.equal(position.streams.get(SOURCE), 100);
    assert.equal(position.newest?.start, 50);
  });
});

describe("a position that is set back before packets that did not arrive", () => {
  const other = "FDSN:CO_HAW_00_B_H_Z";
  const come = [
    packet(5n),
    packet(6n, 6 * SECOND, other),
    packet(7n),
    packet(8n, 8 * SECOND, other),
    packet(9n),
  ];

  it("asks a ring from the first of them on, and drops none of them", () => {
    const position = rewound(at("ring", ...come), come.slice(2));
    const [hello, protocol] = SERVERS.ring4;
    const stations = listed(["CO_JSC", 1n, 12n], ["CO_HAW", 1n, 11n]);
    const requests = parseStreams("");
    const plan = planResume({ hello, protocol, requests, start: "earliest", position, stations });
    assert.deepEqual(plan.stations[0]?.begin, { at: "sequence", sequence: 7n });
    assert.equal(plan.judgements.get("*")?.how, "position");
    assert.equal(position.streams.get(SOURCE), 7 * SECOND - 1);
    assert.equal(position.streams.get(other), 8 * SECOND - 1);
  });

  it("asks only the stations of them for anything again", () => {
    const whole = at("station", ...come);
    const position = rewound(whole, [come[2]!, come[4]!]);
    assert.deepEqual(position.stations.get("CO_JSC"), { sequence: 6n });
    assert.deepEqual(position.stations.get("CO_HAW"), whole.stations.get("CO_HAW"));
    assert.equal(position.streams.get(SOURCE), 7 * SECOND - 1);
    assert.equal(whole.stations.get("CO_JSC")?.sequence, 9n, "the given one stays as it is");
  });

  it("comes back from its file, also before the first number there is", () => {
    const position = rewound(at("station", packet(0n)), [packet(0n)]);
    assert.deepEqual(
      positionFormat.read(JSON.parse(JSON.stringify(positionFormat.write(position)))),
      position,
    );
  });
});

const recorded = rings.main!.map((each) => each.payload);

/** A frame of a record of CO_JSC_00_B_H_Z (index 0) or _N (1), of a start in seconds. */
function frame(sequence: bigint, second: number, channel: 0 | 1 = 0): DataFrame {
  const payload = Buffer.from(recorded[channel]!);
  payload[24] = Math.floor(second / 3600) % 24;
  payload[25] = Math.floor(second / 60) % 60;
  payload[26] = second % 60;
  return { kind: "data", sequence, format: "2", subformat: "D", station: "CO_JSC", payload };
}

function judge(made: Plan, frames: DataFrame[], streams = "CO_JSC", protocol: 3 | 4 = 4): string[] {
  const arrivals = new Arrivals(made, parseStreams(streams), protocol);
  return frames.map((each) => {
    const verdict: Verdict = arrivals.judge(each, 0);
    return verdict.kind === "redo" ? `redo ${verdict.why}` : `${verdict.kind} ${verdict.packet.sequence}`;
  });
}

/** A position behind such frames. */
function positionBehind(numbering: Numbering, ...frames: DataFrame[]): SeedLinkPosition {
  const position = emptyPosition(numbering);
  const arrivals = new Arrivals(plan("ring4", {}), parseStreams("*"), 4);
  for (const each of frames) {
    const verdict = arrivals.judge(each, 0);
    if (verdict.kind === "deliver") advance(position, verdict.packet);
  }
  return position;
}

describe("what comes from a SeedLink server", () => {
  const position = positionBehind("ring", frame(49n, 100), frame(50n, 101, 1));
  const stations = listed(["CO_JSC", 10n, 61n]);

  it("goes on behind the packet that proves the position", () => {
    const made = plan("ring4", { position, stations });
    assert.deepEqual(judge(made, [frame(50n, 101, 1), frame(51n, 110)]), ["drop 50", "deliver 51"]);
  });

  it("is begun again where another packet has the number, or the number is gone", () => {
    const made = plan("ring4", { position, stations });
    for (const other of [frame(50n, 102, 1), frame(50n, 101, 0), frame(60n, 101, 1)]) {
      assert.deepEqual(judge(made, [other]), ["redo other-history"]);
    }
  });

  it("is dropped by its number only where its time says so too: a ring that began anew may have passed the number", () => {
    const made = plan("ring4", { position, stations: listed(["CO_JSC", 50n, 61n]) });
    assert.deepEqual(
      judge(made, [frame(48n, 90), frame(49n, 100), frame(50n, 101, 1), frame(50n, 200), frame(51n, 60)]),
      ["drop 48", "drop 49", "drop 50", "deliver 50", "deliver 51"],
    );
  });

  it("is dropped by its time alone where the numbers mean nothing, and late records among the new ones are not", () => {
    const made = plan("ring4", { position, stations: [] });
    assert.deepEqual(judge(made, [frame(1n, 99), frame(2n, 100), frame(3n, 150), frame(4n, 120)]), [
      "drop 1",
      "drop 2",
      "deliver 3",
      "deliver 4",
    ]);
  });

  it("that jumps by as much as the ring holds is asked for again; the next jump is taken as it is", () => {
    const first = plan("ring4", { stations: listed(["CO_JSC", 10n, 20n]) });
    assert.deepEqual(judge(first, [frame(20n, 1), frame(29n, 2), frame(39n, 3)]), [
      "deliver 20",
      "deliver 29",
      "redo lapped",
    ]);
    const again = plan("ring4", {
      position: positionBehind("ring", frame(29n, 2)),
      stations: listed(["CO_JSC", 20n, 30n]),
    });
    assert.deepEqual(judge(again, [frame(29n, 2), frame(39n, 3), frame(49n, 4)]), [
      "drop 29",
      "deliver 39",
      "redo lapped",
    ]);
    const empty = plan("ring4", { stations: [] });
    assert.deepEqual(judge(empty, [frame(1n, 1), frame(2n, 2), frame(4n, 3)]), [
      "deliver 1",
      "deliver 2",
      "redo lapped",
    ]);
  });

  it("that begins with the newest instead of the oldest is asked for again; what was overwritten meanwhile is told", () => {
    const gaps: [bigint, bigint][] = [];
    const made = plan("ring4", {
      streams: "*",
      position: positionBehind("ring", frame(5n, 2)),
      stations: listed(["CO_JSC", 10n, 20n]),
    });
    const first = (sequence: bigint, trustsFirst = false) => {
      const onGap = (_: string, from: bigint, to: bigint) => gaps.push([from, to]);
      return new Arrivals(made, parseStreams("*"), 4, { onGap, trustsFirst }).judge(frame(sequence, 9), 0)
        .kind;
    };
    assert.deepEqual([first(11n), first(19n), first(30n)], ["deliver", "redo", "redo"]);
    assert.deepEqual(gaps, []);
    assert.deepEqual([first(14n), first(30n, true)], ["deliver", "deliver"]);
    assert.deepEqual(gaps, [
      [11n, 13n],
      [11n, 29n],
    ]);
  });

  it("that leaves numbers of a SeisComP station out tells of a gap, unless only some of its streams are asked for", () => {
    const gaps: [string, bigint, bigint][] = [];
    for (const streams of ["CO_JSC", "CO_JSC:BHZ"]) {
      const made = plan("seiscomp", { start: "earliest", streams, stations: listed(["CO_JSC", 5n, 90n]) });
      const onGap = (...gap: [string, bigint, bigint]) => gaps.push(gap);
      const arrivals = new Arrivals(made, parseStreams(streams), 3, { onGap });
      for (const sequence of [5n, 6n, 9n])
        assert.equal(arrivals.judge(frame(sequence, Number(sequence)), 0).kind, "deliver");
    }
    assert.deepEqual(gaps, [["CO_JSC", 7n, 8n]]);
  });

  it("has numbers of protocol 3 widened, over their end too", () => {
    const made = plan("ring3", {
      position: positionBehind("ring", frame(0x1fffffen, 5)),
      stations: listed(["CO_JSC", 0x1fffffan, 0x1ffffffn]),
    });
    const seen = [frame(0xfffffen, 5), frame(0xffffffn, 6), frame(0n, 7), frame(1n, 8)];
    assert.deepEqual(judge(made, seen, "CO_JSC", 3), [
      `drop ${0x1fffffe}`,
      `deliver ${0x1ffffff}`,
      `deliver ${0x2000000}`,
      `deliver ${0x2000001}`,
    ]);
  });

  it("and was not asked for does not pass", () => {
    const made = plan("ring4", { streams: "CO_JSC:BHZ" });
    assert.deepEqual(judge(made, [frame(1n, 1), frame(2n, 1, 1)], "CO_JSC:BHZ"), ["deliver 1", "drop 2"]);
  });
});

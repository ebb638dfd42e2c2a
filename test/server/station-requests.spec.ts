// lib/server/seedlink/station-requests.ts: what a client has asked for, how much of that there may be, and when it has all of it.
import assert from "node:assert/strict";
import type { StreamSelector } from "../../lib/seedlink/protocol/server/requests.ts";
import { Ring } from "../../lib/server/ring/ring.ts";
import {
  type Choice,
  filterFor,
  StationRequests,
  wants,
} from "../../lib/server/seedlink/station-requests.ts";

const SECOND = 1e6;

function selector(text: string): StreamSelector {
  const [, not, stream, type, filter] = /^(!?)([^.:]*)(?:\.([^:]*))?(?::(.*))?$/.exec(text)!;
  return { negative: not === "!", stream: stream!, type, filter: filter as StreamSelector["filter"] };
}
const selectors = (...texts: string[]) => texts.map(selector);

const DATA = { sequence: "all", start: undefined, end: undefined, timeIsSpare: false, fetch: false } as const;

/** Packets of these streams, a second each, from the beginning of 1970 on, with these ids. */
function ringOf(streams: readonly string[], ids: readonly number[] = streams.map((_, i) => i + 1)): Ring {
  const ring = new Ring({ ringBytes: 1 << 20, packetSize: 512 });
  for (const [i, stream] of streams.entries())
    ring.append(
      stream.includes("/") ? stream : `FDSN:${stream}/MSEED`,
      i * SECOND,
      (i + 1) * SECOND,
      Buffer.from("x"),
      BigInt(ids[i]!),
    );
  return ring;
}

/** The sequences of what is wanted, up to the first that is not looked at any more. */
function wanted(requests: StationRequests, ring: Ring, from = 0): number[] {
  const found: number[] = [];
  for (let sequence = from; sequence < ring.end; sequence++) {
    const choices = requests.choicesOf(ring.streamAt(sequence));
    if (choices.some(({ request }) => wants(request, ring, sequence))) found.push(sequence);
  }
  return found;
}

function asking(...stations: [station: string, selectors?: string[], beginning?: object][]): StationRequests {
  const requests = new StationRequests();
  for (const [station, select = [], beginning = {}] of stations) {
    assert.ok(requests.add(station));
    for (const text of select) assert.equal(requests.select([selector(text)]), true);
    requests.begin({ ...DATA, ...beginning });
  }
  return requests;
}

describe("the requests of a SeedLink client", () => {
  const ring = ringOf(["XX_A_00_B_H_Z", "XX_A_00_L_O_G", "XX_B_00_B_H_Z", "YY_A_00_B_H_Z", "XX_A/TEXT"]);

  it("are the packets of the streams that are asked for, by the first station that fits", () => {
    const sent = (...stations: Parameters<typeof asking>) => {
      const requests = asking(...stations);
      assert.equal(requests.start(ring, 4, false), 0);
      return wanted(requests, ring);
    };
    assert.deepEqual(sent(["*"]), [0, 1, 2, 3]);
    assert.deepEqual(sent(["XX_A"]), [0, 1]);
    assert.deepEqual(sent(["XX_*", ["*_B_H_?"]]), [0, 2]);
    assert.deepEqual(sent(["XX_*", ["!*_B_H_?"]]), [1]);
    assert.deepEqual(sent(["XX_*", ["*_B_H_?", "!00_*"]]), []);
    assert.deepEqual(sent(["XX_*", ["*_B_H_?", "*_L_*"]]), [0, 1, 2]);
    assert.deepEqual(sent(["XX_A", ["*_L_*"]], ["*", ["*_B_*"]]), [1, 2, 3]);
    assert.deepEqual(sent(["*", ["*_B_*"]], ["XX_A", ["*_L_*"]]), [0, 2, 3], "the first that fits");
    assert.deepEqual(sent(["XX_A", ["*_L_*"]], ["XX_A", ["*_B_*"]]), [0, 1], "the same name adds up");
    assert.deepEqual(sent(["YY_?", []], ["XX_?", ["!*"]]), [3]);
  });

  it("are for all stations where none is named, and for none where one was refused", () => {
    const requests = new StationRequests();
    assert.deepEqual([requests.isGlobal, requests.isRefused], [true, false]);
    requests.select(selectors("*_L_*"));
    requests.begin(DATA);
    requests.start(ring, 3, false);
    assert.deepEqual(wanted(requests, ring), [1]);
    const refused = new StationRequests();
    refused.refuse();
    assert.deepEqual([refused.isGlobal, refused.isRefused], [false, true]);
    refused.select(selectors("*"));
    refused.begin(DATA);
    refused.add("XX_B");
    assert.deepEqual([refused.isGlobal, refused.isRefused], [false, false]);
    refused.begin(DATA);
    refused.start(ring, 3, false);
    assert.deepEqual(wanted(refused, ring), [2]);
  });

  it("forget their selectors with an empty SELECT", () => {
    const requests = asking(["*", ["*_L_*"]]);
    assert.equal(requests.select([]), true);
    requests.start(ring, 4, false);
    assert.deepEqual(wanted(requests, ring), [0, 1, 2, 3]);
  });

  it("leave no more selected where a SELECT is refused: nothing, or what was asked for before", () => {
    const sent = (isNegative: boolean, ...before: string[]) => {
      const requests = asking(["*", before]);
      for (let i = 0; i < 3; i++) requests.refuseSelect(isNegative);
      requests.start(ring, 4, false);
      return wanted(requests, ring);
    };
    assert.deepEqual(sent(false), []);
    assert.deepEqual(sent(false, "*_L_*"), [1]);
    assert.deepEqual(sent(true), []);
    assert.deepEqual(sent(true, "*_L_*"), []);
  });

  it("are of what may be read, which is asked once for each stream", () => {
    const requests = asking(["*"]);
    requests.permitted = (streamId) => streamId.includes("_B_H_");
    requests.start(ring, 4, false);
    assert.deepEqual(
      [wanted(requests, ring), wanted(requests, ring)],
      [
        [0, 2, 3],
        [0, 2, 3],
      ],
    );
    assert.equal(requests.decisions, 5);
    assert.deepEqual([requests.permits("XX_B_H_Z"), requests.permits("XX")], [true, false]);
    requests.permitted = undefined;
    assert.deepEqual(wanted(requests, ring), [0, 1, 2, 3]);
    assert.equal(requests.decisions, 10);
  });

  it("have bounds: lines, characters, what one name is compared with, the same station", () => {
    const lines = new StationRequests();
    for (let i = 0; i < 10_000; i++) assert.ok(lines.add(`S${i}`), `line ${i}`);
    assert.equal(lines.add("S0"), false);
    assert.equal(lines.isRefused, true);
    const characters = new StationRequests();
    for (let i = 0; i < 256; i++) assert.ok(characters.add(`${i}`.padEnd(1024, "x")), `station ${i}`);
    assert.equal(characters.add("x"), false);
    const wild = new StationRequests();
    for (let i = 0; i < 256; i++) assert.ok(wild.add(`${i}*`.padEnd(64, "x")), `pattern ${i}`);
    assert.equal(wild.add("*"), false);
    assert.ok(wild.add("x"), "one without wildcards is only looked up");
    const same = new StationRequests();
    for (let i = 0; i < 8; i++) assert.ok(same.add("XX_A"));
    assert.equal(same.add("XX_A"), false);
    const selecting = asking(["*"]);
    for (let i = 0; i < 1024; i++)
      assert.ok(selecting.select(selectors(`${String(i).padEnd(14, "x")}.2D`)), `${i}`);
    assert.equal(selecting.select(selectors("x")), false);
    assert.equal(selecting.select([]), true);
    assert.equal(selecting.select(selectors("x")), true, "they were forgotten");
  });

  it("take patterns for nothing that are longer than any name, but for their stars", () => {
    const long = "?".repeat(64);
    const named = asking(["*", [long]]);
    named.start(ring, 4, false);
    assert.deepEqual(wanted(named, ring), []);
    const starred = asking(["*", ["*".repeat(100)]]);
    starred.start(ring, 4, false);
    assert.deepEqual(wanted(starred, ring), [0, 1, 2, 3]);
    const stations = asking([`*${long}`], ["*"]);
    stations.start(ring, 4, false);
    assert.deepEqual(wanted(stations, ring), [0, 1, 2, 3]);
  });

  it("begin where they are told to, and with all there is where that is gone", () => {
    const some = ringOf(
      Array.from({ length: 6 }, () => "XX_A_00_B_H_Z"),
      [10, 11, 12, 20, 21, 22],
    );
    const from = (sequence: unknown, protocol: 3 | 4 = 4) => {
      const requests = asking(["*", [], { sequence }]);
      const first = requests.start(some, protocol, false);
      assert.equal(wanted(requests, some)[0] ?? some.end, first);
      return first;
    };
    assert.deepEqual([from("all"), from("next")], [0, 6]);
    assert.deepEqual(
      [10n, 11n, 12n, 20n, 22n, 23n].map((id) => from(id)),
      [0, 1, 2, 3, 5, 6],
    );
    assert.equal(from(15n), 3, "the next one there is");
    assert.deepEqual(
      [9n, 24n, 0n].map((id) => from(id)),
      [0, 0, 0],
    );
    assert.deepEqual(
      [10n, 23n, 24n].map((id) => from(id, 3)),
      [0, 6, 0],
    );
    const wide = ringOf(["XX_A_00_B_H_Z", "XX_A_00_B_H_Z"], [0x5_00_00_01, 0x5_00_00_02]);
    const narrow = asking(["*", [], { sequence: 0x02n }]);
    assert.equal(narrow.start(wide, 3, false), 1, "a number of 24 bits");
    const full = asking(["*", [], { sequence: 0x02n }]);
    assert.equal(full.start(wide, 4, false), 0);
    const empty = ringOf([]);
    assert.equal(asking(["*", [], { sequence: 1n }]).start(empty, 4, false), 0);
  });

  it("leave out what ends before a time: all of it, or what comes before the first that does not", () => {
    const mixed = new Ring({ ringBytes: 1 << 20, packetSize: 512 });
    for (const end of [1, 5, 2, 6])
      mixed.append("FDSN:XX_A_00_B_H_Z/MSEED", 0, end * SECOND, Buffer.from("x"));
    const sent = (beginning: object) => {
      const requests = asking(["*", [], beginning]);
      requests.start(mixed, 4, false);
      return wanted(requests, mixed);
    };
    assert.deepEqual(sent({ start: 2 * SECOND }), [1, 3]);
    assert.deepEqual(sent({ start: 2 * SECOND, timeIsSpare: true, sequence: 1n }), [0, 1, 2, 3]);
    assert.deepEqual(sent({ start: 2 * SECOND, timeIsSpare: true, sequence: 99n }), [1, 2, 3]);
  });

  it("end where FETCH and dial-up do, with what there is now", () => {
    for (const [beginning, isDialUp, ends] of [
      [{}, false, false],
      [{ fetch: true }, false, true],
      [{}, true, true],
    ] as const) {
      const now = ringOf(["XX_A_00_B_H_Z", "XX_A_00_B_H_Z"]);
      const requests = asking(["*", [], beginning]);
      requests.start(now, 4, isDialUp);
      assert.equal(requests.isFinished(2, true), ends);
      assert.equal(requests.isFinished(1, true), false);
      now.append("FDSN:XX_A_00_B_H_Z/MSEED", 0, 1, Buffer.from("x"));
      assert.deepEqual(wanted(requests, now), ends ? [0, 1] : [0, 1, 2]);
      assert.equal(requests.endsBefore(0), ends);
    }
    const both = asking(["XX_A", [], { fetch: true }], ["XX_B"]);
    both.start(ring, 4, false);
    assert.equal(both.isFinished(ring.end, true), false, "one of them goes on");
  });

  it("have a window that is over when each of its streams has come to its end", () => {
    const later = ringOf([
      "XX_A_00_B_H_Z",
      "XX_B_00_B_H_Z",
      "XX_A_00_B_H_Z",
      "XX_B_00_B_H_Z",
      "XX_C_00_B_H_Z",
    ]);
    const requests = asking(["*", [], { end: 1.5 * SECOND }]);
    requests.start(later, 4, false);
    assert.equal(requests.isFinished(0, true), false, "nothing has come");
    const takes: [sequence: number, isWanted: boolean, isOver: boolean][] = [
      [0, true, false],
      [1, true, false],
      [2, false, false],
      [3, false, true],
      [4, false, true],
    ];
    for (const [sequence, isWanted, isOver] of takes) {
      const [{ request }] = requests.choicesOf(later.streamAt(sequence)) as [Choice];
      assert.equal(wants(request, later, sequence), isWanted, `packet ${sequence}`);
      assert.equal(requests.isFinished(sequence + 1, true), isOver, `after packet ${sequence}`);
      assert.equal(requests.isFinished(sequence + 1, false), false, "there is more to come");
    }
    assert.deepEqual([requests.endsBefore(1.5 * SECOND), requests.endsBefore(1.6 * SECOND)], [false, true]);
  });

  it("are described in short", () => {
    const requests = asking(["XX_A", ["*_B_H_?", "!00_*"]], ["YY_*"]);
    assert.equal(requests.describe(), "");
    requests.start(ring, 4, false);
    assert.equal(requests.describe(), "XX_A:*_B_H_? !00_*, YY_*");
    const many = asking(...Array.from({ length: 60 }, (_, i): [string] => [`S${i}`.padEnd(5, "x")]));
    many.start(ring, 4, false);
    assert.equal(many.describe().length, 201);
    assert.match(many.describe(), /^S0xxx, S1xxx, .*…$/);
  });
});

describe("how a stream is sent", () => {
  const ring = ringOf(["XX_A_00_B_H_Z"]);
  function choiceFor(...texts: string[]): Choice {
    const requests = asking(["*", texts]);
    requests.start(ring, 4, false);
    return requests.choicesOf(ring.streamAt(0))[0]!;
  }

  it("is as it is, or as the first selector says that fits and names a form", () => {
    for (const [texts, filter] of [
      [[], "native"],
      [["*"], "native"],
      [["*:3"], "3"],
      [["*", "00_*:3"], "3"],
      [["*:native", "*:3"], "native"],
      [["10_*:3", "*"], "native"],
    ] as const) {
      const choice = choiceFor(...texts);
      assert.deepEqual([choice.typed, choice.filter, filterFor(choice, "2D")], [undefined, filter, filter]);
    }
  });

  it("depends on a packet's type where selectors name types", () => {
    for (const [texts, data, log, other] of [
      [["*.2D"], "native", undefined, undefined],
      [["*.2?:3"], "3", "3", undefined],
      [["*.2D:3", "*"], "3", "native", "native"],
      [["*", "!*.2L"], "native", undefined, "native"],
      [["!*.2L"], "native", undefined, "native"],
      [["!*.2L", "!10_*"], "native", undefined, "native"],
      [["*.2D", "!*.2D"], undefined, undefined, undefined],
    ] as const) {
      const choice = choiceFor(...texts);
      assert.deepEqual(
        ["2D", "2L", "3D"].map((type) => filterFor(choice, type)),
        [data, log, other],
        texts.join(" "),
      );
    }
  });
});

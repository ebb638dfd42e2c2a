// lib/shake: the datagrams of a Raspberry Shake, and what becomes of them when some are lost, late or twice there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { ShakeCollector, type ShakeStretch } from "../../lib/shake/collector.ts";
import { readShakeDatagram, type ShakeDatagram, ShakeError } from "../../lib/shake/datagram.ts";
import { formatNanoseconds } from "../../lib/time.ts";

interface Case {
  text: string;
  why: string;
  record?: { channel: string; startTime: string; samples: number[]; sampleRate: number | null };
  problem?: string;
}
const { cases } = JSON.parse(readFileSync(path.join(__dirname, "vectors/shake-datagrams.json"), "utf8")) as {
  cases: Case[];
};

const START = 1_700_000_000_000_000_000n;

function datagram(n: number, count = 25, channel = "EHZ"): ShakeDatagram {
  const samples = Int32Array.from({ length: count }, (_, i) => count * n + i);
  return { channel, startTime: START + BigInt(n) * 250_000_000n, samples };
}

const shape = (stretches: ShakeStretch[]) =>
  stretches.map(({ startTime, samples }) => [Number(startTime - START) / 1e9, samples.length]);

describe("a Shake's datagrams", () => {
  for (const { text, why, record, problem } of cases) {
    it(`are read: ${why || text}`, () => {
      const read = () => readShakeDatagram(Buffer.from(text));
      if (!record) {
        assert.throws(read, { name: "ShakeError", code: problem! });
        return;
      }
      const { channel, startTime, samples } = read();
      assert.deepEqual(
        { channel, startTime: formatNanoseconds(startTime), samples: [...samples] },
        { channel: record.channel, startTime: record.startTime, samples: record.samples },
      );
      const collector = new ShakeCollector({ seconds: 0.01 });
      const [stretch] = collector.add(read(), 0)!.stretches;
      assert.equal(stretch?.sampleRate ?? null, record.sampleRate);
    });
  }

  it("are refused with a code, whatever the bytes are", () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from("{}'\",. 019-EHZ\n\u0000é")) });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          text.map((each) => Buffer.from(each)),
        ),
        (bytes) => {
          try {
            readShakeDatagram(bytes);
          } catch (error) {
            assert.ok(error instanceof ShakeError && error.message.length < 200);
          }
        },
      ),
    );
  });
});

describe("what is said of a datagram that cannot be read", () => {
  const said = (text: string) => {
    try {
      readShakeDatagram(Buffer.from(text));
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };

  it("shows what came, but not all of it where it is long", () => {
    assert.match(said("hello"), /^"hello" is not a datagram/);
    assert.match(said("x".repeat(40)), new RegExp(`^"${"x".repeat(40)}" is`));
    assert.match(said("x".repeat(41)), new RegExp(`^"${"x".repeat(40)}…" is`));
  });
});

describe("a datagram at its limits", () => {
  const read = (text: string) => readShakeDatagram(Buffer.from(text));

  it("has as many bytes as UDP carries, and no more", () => {
    const whole = "{'EHZ', 1.5, 7}".padEnd(65_507);
    assert.deepEqual([...read(whole).samples], [7]);
    assert.throws(() => read(`${whole} `), { code: "BAD_DATAGRAM", message: /65508 bytes is too long/ });
  });

  it("has samples of 32 bits and times of nanoseconds", () => {
    assert.deepEqual(
      [...read("{'EHZ', 1, 2147483647, -2147483648, -0}").samples],
      [2 ** 31 - 1, -(2 ** 31), 0],
    );
    for (const sample of ["2147483648", "-2147483649", "1.5", "", "0x1", "1e3"])
      assert.throws(() => read(`{'EHZ', 1, 5, ${sample}}`), { code: "BAD_SAMPLE", message: /^sample 1, / });
    assert.equal(read("{'EHZ', 9999999999.000000001, 1}").startTime, 9_999_999_999_000_000_001n);
    for (const time of ["10000000000", "1.0000000001", "1.", "-1", ""])
      assert.throws(() => read(`{'EHZ', ${time}, 1}`), { code: "BAD_TIME" }, time);
  });
});

describe("the collector of a Shake's datagrams", () => {
  function run(
    datagrams: ShakeDatagram[],
    seconds = 1,
  ): { stretches: ShakeStretch[]; missing: number; duplicates: number } {
    const collector = new ShakeCollector({ seconds });
    const all = { stretches: [] as ShakeStretch[], missing: 0, duplicates: 0 };
    for (const [i, each] of datagrams.entries()) {
      const { stretches, missing, isDuplicate } = collector.add(each, i)!;
      all.stretches.push(...stretches);
      all.missing += missing;
      if (isDuplicate) all.duplicates++;
    }
    all.stretches.push(...collector.flush(Number.POSITIVE_INFINITY));
    return all;
  }

  const some = (...numbers: number[]) => numbers.map((n) => datagram(n));

  it("makes stretches of a second, and ends them where one is lost, filling nothing in", () => {
    assert.deepEqual(shape(run(some(0, 1, 2, 3, 4, 5, 6, 7)).stretches), [
      [0, 100],
      [1, 100],
    ]);
    const lossy = run(some(0, 1, 3, 4, 5, 6, 7));
    assert.deepEqual(shape(lossy.stretches), [
      [0, 50],
      [0.75, 100],
      [1.75, 25],
    ]);
    assert.equal(lossy.missing, 25);
    // Exactly at the end of a stretch.
    assert.equal(run(some(0, 1, 2, 3, 5)).missing, 25);
  });

  it("leaves out what is there twice, and keeps the time of what is late", () => {
    const { stretches, duplicates } = run(some(0, 1, 1, 2, 3));
    assert.deepEqual([shape(stretches), duplicates], [[[0, 100]], 1]);
    const late = run(some(0, 2, 1, 3));
    assert.deepEqual(shape(late.stretches), [
      [0, 25],
      [0.5, 25],
      [0.25, 25],
      [0.75, 25],
    ]);
    // Before the second one and before the last; what is late is not missing a second time.
    assert.equal(late.missing, 50);
  });

  it("goes on where a time is off by half a sample, and not where it is by more", () => {
    for (const [milliseconds, expected] of [
      [
        -6,
        [
          [0, 25],
          [0.244, 75],
        ],
      ],
      [-5, [[0, 100]]],
      [5, [[0, 100]]],
      [
        6,
        [
          [0, 25],
          [0.256, 75],
        ],
      ],
    ] as const) {
      const [first, ...others] = some(0, 1, 2, 3);
      const off = BigInt(milliseconds) * 1_000_000n;
      const moved = others.map((each) => ({ ...each, startTime: each.startTime + off }));
      const { stretches, missing } = run([first!, ...moved]);
      assert.deepEqual(shape(stretches), expected, `${milliseconds} ms`);
      assert.equal(missing, milliseconds > 5 ? 1 : 0);
    }
  });

  it("takes datagrams of a single sample", () => {
    const collector = new ShakeCollector({ seconds: 10, sampleRate: 4 });
    for (const n of [0, 1, 5]) {
      const { stretches, missing } = collector.add(datagram(n, 1), n)!;
      assert.deepEqual(shape(stretches), n === 5 ? [[0, 2]] : []);
      assert.equal(missing, n === 5 ? 3 : 0);
    }
    const last = datagram(9, 1);
    assert.deepEqual(shape(collector.add(last, 9)!.stretches), [[1.25, 1]]);
    assert.deepEqual(shape(collector.flush(10)), [[2.25, 1]]);
  });

  it("has every sample at its time, whatever is lost", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 80 }),
        fc.constantFrom(0.25, 1, 5),
        (kept, seconds) => {
          const there = kept.flatMap((isKept, n) => (isKept ? [n] : []));
          const { stretches, missing } = run(some(...there), seconds);
          const samples = stretches.flatMap(({ startTime, samples: values }) =>
            Array.from(values, (value, i) => [Number((startTime - START) / 10_000_000n) + i, value]),
          );
          assert.deepEqual(
            samples,
            there.flatMap((n) => Array.from({ length: 25 }, (_, i) => [25 * n + i, 25 * n + i])),
          );
          const [first = 0, last = first] = [there[0], there.at(-1)];
          assert.equal(missing, 25 * (there.length === 0 ? 0 : last - first + 1 - there.length));
        },
      ),
    );
  });

  it("learns a rate from two datagrams only where they tell one in whole hertz", () => {
    const learnt = (count: number, nanoseconds: bigint) => {
      const collector = new ShakeCollector({ seconds: 0 });
      const first = { ...datagram(0, count), startTime: START };
      assert.deepEqual(collector.add(first, 0)!.stretches, []);
      const second = { ...first, startTime: START + nanoseconds };
      return collector.add(second, 1)!.stretches[0]?.sampleRate;
    };
    const SECOND = 1_000_000_000n;
    assert.deepEqual(
      [
        learnt(40, SECOND),
        learnt(1000, SECOND),
        learnt(1, SECOND),
        // Within 2 %: 40 Hz by 41 samples less some milliseconds.
        learnt(40, (SECOND * 101n) / 100n),
        learnt(1001, SECOND),
        learnt(1, 3n * SECOND),
        // Half a hertz off 25 is 2 %.
        learnt(49, 2n * SECOND),
        learnt(40, -SECOND),
      ],
      [40, 1000, 1, 40, undefined, undefined, undefined, undefined],
    );
  });

  it("learns an unusual rate from two datagrams, and bounds the channels", () => {
    const collector = new ShakeCollector({ seconds: 1 });
    const at = (n: number) => ({ ...datagram(0, 40, "HDF"), startTime: START + BigInt(n) * 400_000_000n });
    assert.deepEqual(collector.add(at(0), 0)!.stretches, []);
    collector.add(at(1), 1);
    const [stretch] = collector.add(at(2), 2)!.stretches;
    assert.deepEqual([stretch!.sampleRate, stretch!.samples.length, stretch!.startTime], [100, 120, START]);
    for (let i = 0; i < 100; i++) collector.add(datagram(0, 25, `C${String(i).padStart(2, "0")}`), 3);
    assert.equal(collector.channels.length, 16);
    assert.equal(collector.add(datagram(0, 25, "ZZZ"), 3), undefined);
  });
});

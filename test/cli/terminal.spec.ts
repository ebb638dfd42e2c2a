// lib/cli: how numbers, times, tables and progress look on a terminal, to the letter.
import assert from "node:assert/strict";
import { mock } from "node:test";
import type { Io } from "../../lib/cli/command.ts";
import { Passing, whatIsLeft } from "../../lib/cli/datalink/relay/passing.ts";
import { RelayProgress } from "../../lib/cli/datalink/relay-progress.ts";
import { printPairs, printTable } from "../../lib/cli/datalink/table.ts";
import { bytesText, durationText, shortTime } from "../../lib/cli/datalink/units.ts";
import { compactJson, jsonLines } from "../../lib/cli/mseed/text/json-text.ts";
import { significant } from "../../lib/cli/mseed/text/number-text.ts";
import { isoText, timeAndDayText, timeText } from "../../lib/cli/mseed/text/time-text.ts";
import { numberOption } from "../../lib/cli/numbers.ts";
import { printable, printableLines } from "../../lib/cli/printable.ts";
import { Progress } from "../../lib/cli/progress.ts";
import { widthOf } from "../../lib/cli/terminal.ts";
import { nowMicroseconds } from "../../lib/time.ts";
import { Screen } from "./shell.ts";

const CLEAR = "\r\x1b[K";

function terminal(columns: number, isTTY: boolean): Io & { stdout: Screen; stderr: Screen } {
  const [stdout, stderr] = [new Screen(), new Screen()];
  for (const screen of [stdout, stderr]) Object.assign(screen, { columns, isTTY });
  return { stdin: process.stdin, stdout, stderr, signal: new AbortController().signal };
}

describe("text on a terminal", () => {
  it("has durations, sizes and times in the units that people use", () => {
    assert.deepEqual([0, -0.25, 99.9, 100, 5999, 6000, 172_799, 172_800, -1e6].map(durationText), [
      "0.0 s",
      "-0.3 s",
      "99.9 s",
      "2 min",
      "100 min",
      "1.7 h",
      "48.0 h",
      "2 d",
      "-12 d",
    ]);
    assert.deepEqual([0, 1023, 1024, 1536, 1024 ** 2, 1024 ** 3, 1024 ** 4, 1024 ** 5].map(bytesText), [
      ...["0 bytes", "1023 bytes", "1.0 KiB (1024 bytes)", "1.5 KiB (1536 bytes)", "1.0 MiB (1048576 bytes)"],
      ...[
        "1.0 GiB (1073741824 bytes)",
        "1.0 TiB (1099511627776 bytes)",
        "1024.0 TiB (1125899906842624 bytes)",
      ],
    ]);
    assert.deepEqual([undefined, 0, 1, 1e6].map(shortTime), [
      "-",
      "-",
      "1970-01-01 00:00:00",
      "1970-01-01 00:00:01",
    ]);
  });

  it("has numbers as C's %g prints them", () => {
    const numbers: [value: number, digits: number, text: string][] = [
      ...(
        [
          [0, "0"],
          [-0, "-0"],
          [1, "1"],
          [-1.5, "-1.5"],
          [100_000, "100000"],
          [999_999.5, "1e+06"],
        ] as const
      ).map(([value, text]): [number, number, string] => [value, 6, text]),
      ...(
        [
          [0.0001, "0.0001"],
          [0.00001, "1e-05"],
          [1e100, "1e+100"],
          [0.1 + 0.2, "0.3"],
          [1e5, "1e+05"],
        ] as const
      ).map(([value, text]): [number, number, string] => [value, 4, text]),
      [Number.NaN, 3, "nan"],
      [Infinity, 3, "inf"],
      [-Infinity, 3, "-inf"],
      [1230, 3, "1.23e+03"],
      [123, 3, "123"],
    ];
    for (const [value, digits, text] of numbers) assert.equal(significant(value, digits), text);
  });

  it("has times with six decimals, or nine, and the 60th second where it is one", () => {
    const at = 1_483_228_800_000_000_000n; // the start of 2017, behind a leap second
    assert.equal(timeText(at), "2017-01-01T00:00:00.000000Z");
    assert.equal(timeText(at + 123_456_000n), "2017-01-01T00:00:00.123456Z");
    assert.equal(timeText(at + 1n), "2017-01-01T00:00:00.000000001Z");
    assert.equal(timeText(at + 500_000_000n, true), "2016-12-31T23:59:60.500000Z");
    assert.equal(timeAndDayText(at), "2017-01-01T00:00:00.000000Z (001)");
    assert.equal(timeAndDayText(at, true), "2016-12-31T23:59:60.000000Z (366)");
    assert.equal(isoText(at), "2017-01-01T00:00:00Z");
    assert.equal(isoText(at + 500_000_000n, true), "2016-12-31T23:59:60.5Z");
    assert.equal(isoText(at, true), "2016-12-31T23:59:60Z");
  });

  it("has JSON laid out with its own digits, and on one line", () => {
    assert.deepEqual(jsonLines('{"a":2.0,"b":[1,{"c":"x, {y}"}],"d":{},"e":[]}'), [
      ...["{", '  "a": 2.0,', '  "b": [', "    1,", "    {", '      "c": "x, {y}"', "    }", "  ],"],
      ...['  "d": {},', '  "e": []', "}"],
    ]);
    assert.deepEqual(jsonLines("1.50"), ["1.50"]);
    assert.deepEqual(jsonLines(""), []);
    assert.deepEqual(jsonLines('"a \\" b"'), ['"a \\" b"']);
    assert.deepEqual(jsonLines("}]x"), ["}", "]x"]);
    assert.equal(compactJson('{ "a": 1 }'), '{ "a": 1 }');
    for (const end of ["\n", "\r"]) assert.equal(compactJson(`{ "a":${end} "x y" }`), '{"a":"x y"}');
  });

  it("has no letters that steer it", () => {
    assert.equal(printable("a\x1b[2J\n\tb\x7fc\u0085"), "a\\u001b[2J\\u000a\\u0009b\\u007fc\\u0085");
    assert.equal(printableLines("a\x1b\n\r\tb"), "a\\u001b\n\r\tb");
  });

  it("is as wide as the terminal, or COLUMNS, says, or 80 letters", () => {
    const { COLUMNS } = process.env;
    try {
      process.env.COLUMNS = "100";
      assert.deepEqual(
        [{ columns: 40 }, { columns: 0 }, {}].map((it) => widthOf(it as never)),
        [40, 100, 100],
      );
      for (const none of ["0", "-5", "wide", ""]) {
        process.env.COLUMNS = none;
        assert.equal(widthOf({} as never), 80);
      }
    } finally {
      if (COLUMNS === undefined) delete process.env.COLUMNS;
      else process.env.COLUMNS = COLUMNS;
    }
  });
});

describe("numbers on a command line", () => {
  it("are 0 or more", () => {
    assert.deepEqual(
      [undefined, "0", "1.5", " 2 ", "1e3"].map((text) => numberOption("tolerance", text)),
      [undefined, 0, 1.5, 2, 1000],
    );
    for (const text of ["", " ", "-1", "x", "Infinity", "NaN"])
      assert.throws(() => numberOption("tolerance", text), { message: `--tolerance ${text}: give a number` });
  });
});

describe("tables", () => {
  const headings = ["one", "two", "three"];
  const rows = [["aaaaa", "bbbbbbbbbbbb", "ccc"]];
  const lines = async (columns: number, isTTY = false) => {
    const io = terminal(columns, isTTY);
    assert.equal(await printTable(io, headings, rows), 0);
    return io.stdout.text.split("\n").slice(0, -1);
  };

  it("have the columns that fit, two of them in any case, the second one cut", async () => {
    const all = ["one    two           three", "aaaaa  bbbbbbbbbbbb  ccc"];
    assert.deepEqual(await lines(26), all);
    assert.deepEqual(await lines(25), ["one    two", "aaaaa  bbbbbbbbbbbb"]);
    assert.deepEqual(await lines(19), ["one    two", "aaaaa  bbbbbbbbbbbb"]);
    assert.deepEqual(await lines(18), ["one    two", "aaaaa  bbbbbbbbbb…"]);
    assert.deepEqual(await lines(1), ["one    two", "aaaaa  bbbbbbbbb…"]);
    assert.deepEqual(await lines(26, true), [`\x1b[1m${all[0]}\x1b[22m`, all[1]]);
  });

  it("of names and values have one a line", async () => {
    const io = terminal(80, false);
    await printPairs(io, [
      ["a", "1"],
      ["long name", "\x1b2"],
    ]);
    assert.equal(io.stdout.text, "a          1\nlong name  \\u001b2\n");
    await printPairs(terminal(80, false), []);
  });
});

describe("progress", () => {
  let now: number;
  beforeEach(() => {
    now = 5000;
    mock.timers.enable({ apis: ["setInterval"] });
    mock.method(performance, "now", () => now);
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  it("of a big file is drawn ten times a second at most", () => {
    const BIG = 64 * 1024 * 1024;
    const screen = Object.assign(new Screen(), { isTTY: true, columns: 200 });
    const progress = new Progress(screen, BIG);
    const drawn = () => screen.pieces.splice(0).map(String);
    now += 100;
    progress.add(BIG / 4);
    assert.deepEqual(drawn(), [`${CLEAR}[########----------------------]  25 % of 67 MB, 168 MB/s`]);
    now += 99;
    progress.add(1);
    assert.deepEqual(drawn(), []);
    now += 801;
    progress.add(BIG);
    assert.deepEqual(drawn(), [`${CLEAR}[${"#".repeat(30)}] 100 % of 67 MB, 84 MB/s`]);
    progress.end();
    progress.end();
    assert.deepEqual(drawn(), [CLEAR]);
    progress.note("line");
    assert.deepEqual(drawn(), ["line\n"]);
    const huge = new Progress(screen, 5e9);
    now += 100;
    huge.add(5e9);
    assert.match(drawn().join(), /100 % of 5000 MB, 50000 MB\/s$/);
    const narrow = Object.assign(new Screen(), { isTTY: true, columns: 10 });
    new Progress(narrow, BIG).add(1);
    assert.equal(narrow.text, `${CLEAR}[--------`);
    const small = Object.assign(new Screen(), { isTTY: true });
    new Progress(small, BIG - 1).add(1);
    assert.equal(small.text, "");
  });

  const packet = { streamId: "XX_A\x1b/T", payload: new Uint8Array(3) };

  it("of a relay is a line that is drawn each second, and the number at the end", () => {
    const io = terminal(100, true);
    const progress = new RelayProgress(io, false);
    const drawn = () => io.stderr.pieces.splice(0).map(String);
    mock.timers.tick(999);
    assert.deepEqual(drawn(), []);
    mock.timers.tick(1);
    assert.deepEqual(drawn(), [`${CLEAR}0 packets passed on, 0.0/s`]);
    progress.passed(packet, 1n, nowMicroseconds() - 90e6, 1n);
    mock.timers.tick(1000);
    assert.deepEqual(drawn(), [`${CLEAR}1 packets passed on, 0.0/s, the newest 90.0 s old`]);
    progress.note("a\x1bb");
    assert.deepEqual(drawn(), [`${CLEAR}a\\u001bb\n`]);
    progress[Symbol.dispose]();
    assert.deepEqual(drawn(), [CLEAR, "1 packets passed on\n"]);
    mock.timers.tick(5000);
    assert.deepEqual(drawn(), []);
  });

  it("of a relay is a line for each packet, if asked for, and nothing elsewhere", () => {
    for (const isTTY of [true, false]) {
      const io = terminal(100, isTTY);
      const progress = new RelayProgress(io, true);
      progress.passed(packet, 7n, 0, 7n);
      progress.passed(packet, 8n, 0, 9n);
      mock.timers.tick(5000);
      progress.note("line");
      progress[Symbol.dispose]();
      assert.equal(
        io.stderr.text,
        "7 XX_A\\u001b/T 3 bytes\n8 XX_A\\u001b/T 3 bytes, there 9\nline\n2 packets passed on\n",
      );
    }
    const io = terminal(100, false);
    const progress = new RelayProgress(io, false);
    progress.passed(packet, 7n, 0, 7n);
    mock.timers.tick(5000);
    progress[Symbol.dispose]();
    assert.equal(io.stderr.text, "");
  });
});

describe("packets that a relay passes on", () => {
  function start() {
    const interrupt = new AbortController();
    const io = { ...terminal(80, false), signal: interrupt.signal };
    const waiting: (() => void)[] = [];
    let closed = 0;
    const writer = {
      ready: () => new Promise<void>((resolve) => waiting.push(resolve)),
      close: async () => void closed++,
    };
    const passing = new Passing(io, writer, new RelayProgress(io, false));
    return { interrupt, io, passing, waiting, closed: () => closed };
  }

  it("go on while there is room, and end at an interrupt without a failure", async () => {
    const { interrupt, io, passing, waiting, closed } = start();
    const room = passing.room();
    waiting.shift()!();
    assert.equal(await room, true);
    const none = passing.room();
    interrupt.abort();
    assert.equal(await none, false);
    assert.equal(await passing.room(), false);
    passing.add(Promise.reject(new Error("not acknowledged")));
    assert.equal(await passing.end("They come again."), 0);
    assert.equal(closed(), 1);
    assert.equal(io.stderr.text, "1 packets were read and not acknowledged. They come again.\n");
  });

  it("end with the first failure, for which nothing is waited any more", async () => {
    const { io, passing } = start();
    const none = passing.room();
    passing.add(Promise.resolve());
    passing.add(Promise.reject(new Error("refused")));
    assert.equal(await none, false);
    passing.fail(new Error("a later one"));
    await assert.rejects(passing.end(""), /^Error: refused$/);
    assert.equal(io.stderr.text, "");
  });

  it("wait at their end for those that are under way", async () => {
    const { passing, io } = start();
    let finish = () => {};
    passing.add(
      new Promise((resolve) => {
        finish = resolve;
      }),
    );
    let hasEnded = false;
    const ending = passing.end("").then(() => {
      hasEnded = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(hasEnded, false);
    finish();
    await ending;
    assert.equal(io.stderr.text, "");
  });

  it("are told what becomes of those that are left", () => {
    assert.match(whatIsLeft(undefined), /^Without --state/);
    assert.match(whatIsLeft("file"), /begins with them/);
  });
});

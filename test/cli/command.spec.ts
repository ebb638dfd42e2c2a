// lib/cli/command.ts: options, help, failures and exit codes, the same for all commands.
import assert from "node:assert/strict";
import { type Command, CommandError, defineCommand } from "../../lib/cli/command.ts";
import { dali2jsonl } from "../../lib/cli/dali2jsonl/command.ts";
import { datalink } from "../../lib/cli/datalink/program.ts";
import { convert } from "../../lib/cli/mseed/convert.ts";
import { details } from "../../lib/cli/mseed/details.ts";
import { get } from "../../lib/cli/mseed/get.ts";
import { merge } from "../../lib/cli/mseed/merge.ts";
import { set } from "../../lib/cli/mseed/set.ts";
import { validate } from "../../lib/cli/mseed/validate.ts";
import { defineProgram } from "../../lib/cli/program.ts";
import { Progress } from "../../lib/cli/progress.ts";
import { seedlink } from "../../lib/cli/seedlink/program.ts";
import { run, Screen } from "./shell.ts";

const echo = defineCommand({
  name: "tool echo",
  summary: "Say it again.",
  operands: "WORD…",
  options: {
    loud: { type: "boolean", short: "l", help: "in capitals" },
    times: { type: "string", short: "n", value: "N", help: "so many times" },
  },
  async run({ options, operands, io }) {
    if (operands.length === 0) throw new CommandError("nothing to say");
    if (operands[0] === "bug") throw new TypeError("oops");
    if (operands[0] === "file") throw Object.assign(new Error("ENOENT"), { errno: -2, path: "/no/file" });
    const words = operands.join(" ").repeat(Number(options.times ?? 1));
    io.stdout.write(options.loud ? words.toUpperCase() : words);
    return 0;
  },
});
const tool = defineProgram("tool", "Does things.", [echo]);
const below = (command: Command): Command[] => [command, ...(command.commands ?? []).flatMap(below)];

describe("a command", () => {
  it("gets options, operands and a dash for standard input", async () => {
    assert.deepEqual(await run(tool, ["echo", "-l", "-n", "2", "ab", "-"]), {
      exitCode: 0,
      stdout: "AB -AB -",
      stderr: "",
    });
  });

  it("explains itself", async () => {
    const { exitCode, stdout } = await run(tool, ["echo", "--help"]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^Usage: tool echo \[options\] WORD…\n\nSay it again\.\n/);
    assert.match(stdout, /^ {2}-n, --times N {2}so many times$/m);
    assert.match((await run(tool, ["-h"])).stdout, /^ {2}echo {8}Say it again\.$/m);
    assert.match((await run(tool, ["--version"])).stdout, /^@seisflow\/node-red-datalink \d+\.\d+\.\d+/);
  });

  it("breaks its help at the width of the terminal, and of a wide one so that it can be read", async () => {
    const all = [
      tool,
      convert,
      details,
      get,
      merge,
      set,
      validate,
      dali2jsonl,
      ...below(datalink),
      ...below(seedlink),
    ];
    for (const command of all) {
      for (const width of [80, 200]) {
        const limit = Math.min(width, 100);
        assert.deepEqual(
          command
            .help(width)
            .split("\n")
            .filter((line) => line.length > limit),
          [],
        );
      }
    }
    const narrow = new Screen();
    narrow.columns = 50;
    const { stdout } = await run(tool, ["echo", "--help"], { stdout: narrow });
    assert.ok(stdout.split("\n").every((line) => line.length <= 50));
    assert.notEqual(convert.help(60), convert.help(80));
  });

  it("answers a wrong command line with one sentence and exit code 2", async () => {
    const wrong: [string[], string][] = [
      [[], 'tool: say what to do: echo, completion ("tool --help" tells more)\n'],
      [["ehco"], 'tool: no command "ehco": there are echo, completion ("tool --help" tells more)\n'],
      [["--loud"], "tool: unknown option '--loud' (\"tool --help\" tells more)\n"],
      [["echo", "--laud"], "tool echo: unknown option '--laud' (\"tool echo --help\" tells more)\n"],
      [
        ["echo", "--times"],
        "tool echo: option '-n, --times <value>' argument missing (\"tool echo --help\" tells more)\n",
      ],
    ];
    for (const [argv, stderr] of wrong) {
      assert.deepEqual(await run(tool, argv), { exitCode: 2, stdout: "", stderr });
    }
  });

  it("puts every failure into one sentence, with exit code 1", async () => {
    assert.deepEqual(await run(tool, ["echo"]), {
      exitCode: 1,
      stdout: "",
      stderr: "tool echo: nothing to say\n",
    });
    assert.equal(
      (await run(tool, ["echo", "file"])).stderr,
      "tool echo: /no/file: no such file or directory\n",
    );
    assert.equal(
      (await run(tool, ["echo", "bug"])).stderr,
      "tool echo: unexpected failure, please report it: oops\n",
    );
  });
});

describe("a progress bar", () => {
  const BIG = 1e9;

  it("is drawn on a terminal, and makes room for lines", () => {
    const screen = new Screen();
    screen.isTTY = true;
    const progress = new Progress(screen, BIG);
    progress.add(BIG / 2);
    assert.match(screen.text, /\[#{15}-{15}\] {2}50 % of 1000 MB/);
    progress.note("a line");
    assert.ok(screen.text.endsWith("MB/s\r\x1b[Ka line\n"), screen.text);
    progress.end();
    assert.match(screen.text, /a line\n$/);
  });

  it("is not drawn elsewhere, nor for little, nor between lines of the same terminal", () => {
    const draw = (isTTY: boolean, total: number, isQuiet: boolean) => {
      const screen = new Screen();
      screen.isTTY = isTTY;
      new Progress(screen, total, isQuiet).add(total);
      return screen.text;
    };
    assert.notEqual(draw(true, BIG, false), "");
    assert.equal(draw(false, BIG, false), "");
    assert.equal(draw(true, 1e6, false), "");
    assert.equal(draw(true, BIG, true), "");
  });
});

// test/support/run-specs.ts: what is named is run, and nothing else.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { lanesOf, specsOf } from "./support/lanes/plan.ts";
import { lanes, mochaArguments } from "./support/run-specs.ts";

const run = promisify(execFile);
const root = path.join(__dirname, "..");

/** The arguments with paths as seen from the top folder, without the settings file. */
function specs(...words: string[]): string[] {
  const [, , ...rest] = mochaArguments(words);
  return rest.map((word) => (path.isAbsolute(word) ? path.relative(root, word) : word));
}

const settings = (...words: string[]) => path.relative(root, mochaArguments(words)[1]!);

describe("npm run mocha", () => {
  it("runs the quick suite when nothing is named", () => {
    assert.deepEqual(specs("--bail"), ["--bail", "--ignore", "test/slow/**", "test/**/*.spec.js"]);
  });

  it("runs an area, a spec of it, or a path, compiled or not", () => {
    assert.deepEqual(specs("mseed"), ["test/mseed/**/*.spec.js"]);
    for (const name of ["mseed/reader", "test/mseed/reader.spec.ts", "./test/mseed/reader.spec.js"])
      assert.deepEqual(specs(name), ["test/mseed/reader.spec.js"]);
    assert.deepEqual(specs("house", "--grep", "mseed"), ["--grep", "mseed", "test/house.spec.js"]);
  });

  it("gives slow specs their time", () => {
    assert.equal(settings("slow"), "test/slow/.mocharc.json");
    assert.equal(settings("slow/hostile", "mseed"), "test/slow/.mocharc.json");
    assert.equal(settings("mseed"), ".mocharc.json");
  });

  it("refuses a name that stands for nothing", () => {
    assert.throws(() => mochaArguments(["msede"]), /no area and no spec msede/);
  });

  it("runs a whole suite in lanes, and anything else in one process", () => {
    for (const [words, suite, config] of [
      [[], "quick", ".mocharc.json"],
      [["slow"], "slow", "test/slow/.mocharc.json"],
    ] as const) {
      const all = lanes([...words])!.map((lane) =>
        lane.words.filter((word) => path.isAbsolute(word)).map((word) => path.relative(root, word)),
      );
      for (const [settings] of all) assert.equal(settings, config);
      assert.deepEqual(
        all.flatMap(([, ...files]) => files).sort(),
        specsOf(suite).map((spec) => `test/${spec}`),
      );
    }
    for (const words of [["--bail"], ["slow", "--bail"], ["slow/editor"], ["slow", "mseed"], ["mseed"]])
      assert.equal(lanes(words), undefined);
  });

  for (const suite of ["quick", "slow"] as const) {
    it(`has each spec of the ${suite} suite in one lane, and every lane something to do`, () => {
      const all = lanesOf(suite).map(({ specs }) => specs);
      assert.deepEqual(all.flat().sort(), specsOf(suite));
      assert.ok(specsOf(suite).length > 40);
      for (const lane of all) assert.ok(lane.length > 4, lane.join());
    });
  }

  it("has a lane for specs and folders that are new", () => {
    for (const fresh of [
      "slow/editor/new.spec.js",
      "slow/new.spec.js",
      "slow/new/new.spec.js",
      "new/new.spec.js",
    ])
      assert.deepEqual(
        lanesOf("slow", [fresh]).flatMap(({ specs }) => specs),
        [fresh],
      );
  });

  it("runs that alone", async () => {
    const script = path.join(__dirname, "support/run-specs.js");
    const words = [script, "rate-meter", "--reporter", "json"];
    const { stdout } = await run(process.execPath, words, { cwd: root });
    const { tests } = JSON.parse(stdout) as { tests: { file: string }[] };
    assert.ok(tests.length > 0);
    assert.deepEqual([...new Set(tests.map(({ file }) => path.basename(file)))], ["rate-meter.spec.js"]);
  });
});

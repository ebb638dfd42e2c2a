// examples/*.json: each can be imported as it is, uses nothing from elsewhere, teaches, and its nodes are complete.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { definitions } from "./support/editor/definitions.ts";

const root = path.join(__dirname, "..");

interface ExampleNode {
  id: string;
  type: string;
  wires?: string[][];
  [property: string]: unknown;
}

/** The names of Node-RED's own nodes. */
function coreTypes(): Set<string> {
  const folder = path.dirname(createRequire(__filename).resolve("@node-red/nodes/package.json"));
  const files = readdirSync(path.join(folder, "core"), { recursive: true, encoding: "utf8" });
  const html = files
    .filter((name) => name.endsWith(".html") && !name.includes("locales"))
    .map((name) => readFileSync(path.join(folder, "core", name), "utf8"));
  return new Set(
    [...html.join("\n").matchAll(/registerType\(\s*['"]([^'"]+)['"]/g)].map((match) => match[1]!),
  );
}

const own = definitions();
const core = coreTypes();
const examples = readdirSync(path.join(root, "examples")).filter((name) => name.endsWith(".json"));

for (const name of examples) {
  describe(`example "${name.replace(/\.json$/, "")}"`, () => {
    const nodes = JSON.parse(readFileSync(path.join(root, "examples", name), "utf8")) as ExampleNode[];
    const ids = new Set(nodes.map(({ id }) => id));

    it("is numbered", () => assert.match(name, /^\d\d - \S.*\.json$/));

    it("holds only nodes of Node-RED and of this package, without tabs of their own", () => {
      const foreign = nodes.map(({ type }) => type).filter((type) => !core.has(type) && !own.has(type));
      assert.deepEqual(foreign, []);
      assert.ok(!nodes.some((node) => "z" in node && !ids.has(node.z as string)));
    });

    it("teaches in comments", () => {
      const comments = nodes.filter(({ type }) => type === "comment");
      assert.ok(comments.length > 0);
      for (const { info } of comments) assert.ok(String(info).length > 80);
    });

    it("is wired within itself", () => {
      assert.equal(ids.size, nodes.length);
      for (const { id, wires = [] } of nodes) {
        for (const target of wires.flat()) assert.ok(ids.has(target), `${id} is wired to ${target}`);
      }
    });

    for (const node of nodes.filter(({ type }) => own.has(type))) {
      it(`has all settings, and valid ones, of ${node.type} ${node.id}`, () => {
        const { defaults, category, outputs = 0 } = own.get(node.type)!;
        const place = category === "config" ? [] : ["x", "y", "wires"];
        assert.deepEqual(Object.keys(node).sort(), ["id", "type", ...Object.keys(defaults), ...place].sort());
        assert.equal(node.wires?.length ?? 0, outputs);
        for (const [property, { type, validate }] of Object.entries(defaults)) {
          assert.equal(validate?.call(node, node[property]) ?? true, true, property);
          if (type && own.has(type) && node[property] !== "")
            assert.ok(ids.has(node[property] as string), property);
        }
      });
    }
  });
}

describe("the synthetic seismometer of the first example", () => {
  const nodes = JSON.parse(
    readFileSync(path.join(root, "examples", "01 - First flow.json"), "utf8"),
  ) as ExampleNode[];
  const { func } = nodes.find(({ type, name }) => type === "function" && name === "seismometer")!;

  interface Trace {
    sourceId: string;
    startTime: string;
    sampleRate: number;
    samples: number[];
  }

  /** Runs the Function node at these times (seconds since 1970); the traces of the vertical component. */
  function record(...times: number[]): Trace[] {
    const memory = new Map<string, unknown>();
    const flow = {
      get: (key: string) => memory.get(key),
      set: (key: string, value: unknown) => memory.set(key, value),
    };
    return times.flatMap((now) => {
      const clock = class extends Date {
        static override now = () => now * 1000;
      };
      const sent = vm.runInNewContext(`(() => {${String(func)}\n})()`, { flow, Date: clock }) as
        | [{ payload: Trace }[]]
        | null;
      return sent ? [sent[0][0]!.payload] : [];
    });
  }

  const START = 1_795_000_000;

  it("sends the last minute first, and then each second once", () => {
    const traces = record(START + 0.9, START + 1.1, START + 1.9, START + 4.2);
    const seconds = traces.map(({ startTime, samples }) => [
      Date.parse(startTime) / 1000 - START,
      samples.length / 100,
    ]);
    assert.deepEqual(seconds, [
      [-60, 60],
      [0, 1],
      [1, 3],
    ]);
  });

  it("gives the same samples for the same time", () => {
    const [minute] = record(START);
    const [, second] = record(START - 10, START - 9);
    assert.deepEqual(Int32Array.from(second!.samples), Int32Array.from(minute!.samples.slice(5000, 5100)));
  });

  it("has a small earthquake about every minute", () => {
    const traces = record(...Array.from({ length: 8 }, (_, i) => START + 60 * i));
    const samples = traces.flatMap((trace) => [...trace.samples]);
    const loud: number[] = [];
    for (let second = 0; second < samples.length / 100; second++) {
      const peak = Math.max(...samples.slice(second * 100, second * 100 + 100).map(Math.abs));
      if (peak > 130 && second - (loud.at(-1) ?? -100) > 30) loud.push(second);
    }
    assert.ok(loud.length >= 4 && loud.length <= 7, `in 8 minutes at the seconds ${loud.join()}`);
    assert.ok(samples.every((value) => Number.isInteger(value) && Math.abs(value) < 10_000));
  });
});

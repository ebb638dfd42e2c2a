// examples/*.json: each can be imported as it is, uses nothing from elsewhere, teaches, and its nodes are complete.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import {
  designButterworth,
  formatNanoseconds,
  IirFilter,
  readRecords,
  TriggerDetector,
} from "../lib/index.ts";
import { definitions } from "./support/editor/definitions.ts";
import { temporaryFolder } from "./support/folders.ts";

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
/** Examples that are about another package, which their first comment names. */
const OF_OTHERS: Record<string, { types: RegExp; package: string }> = {
  "17 - Dashboard.json": { types: /^ui-/, package: "@flowfuse/node-red-dashboard" },
  "26 - Seismograph page in a dashboard.json": { types: /^ui-/, package: "@flowfuse/node-red-dashboard" },
};
const readme = readFileSync(path.join(root, "README.md"), "utf8");
const examples = readdirSync(path.join(root, "examples")).filter((name) => name.endsWith(".json"));

describe("examples that are imported into one Node-RED", () => {
  it("do not take each other's ports and web paths", () => {
    const servers = examples.flatMap((name) =>
      (JSON.parse(readFileSync(path.join(root, "examples", name), "utf8")) as ExampleNode[]).filter(
        ({ type }) => type === "datalink-server",
      ),
    );
    const taken = servers.flatMap(({ port, webPath }) => [port, webPath]).filter((it) => it !== "");
    assert.deepEqual(taken, [...new Set(taken)]);
  });
});

for (const name of examples) {
  describe(`example "${name.replace(/\.json$/, "")}"`, () => {
    const nodes = JSON.parse(readFileSync(path.join(root, "examples", name), "utf8")) as ExampleNode[];
    const ids = new Set(nodes.map(({ id }) => id));

    it("is numbered, and alone with its number", () => {
      assert.match(name, /^\d\d - \S.*\.json$/);
      assert.deepEqual(
        examples.filter((other) => other.startsWith(name.slice(0, 3))),
        [name],
      );
    });

    it("is named in README", () => {
      assert.ok(readme.includes(`*${name.replace(/\.json$/, "")}*`));
    });

    it("holds only nodes of Node-RED and of this package, without tabs of their own", () => {
      const foreign = nodes.map(({ type }) => type).filter((type) => !core.has(type) && !own.has(type));
      const other = OF_OTHERS[name];
      assert.deepEqual(
        foreign.filter((type) => !other?.types.test(type)),
        [],
      );
      if (other) assert.ok(String(nodes[0]!.info).includes(other.package));
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

it("the folder of examples has nothing that the Import dialog would show as an empty folder", () => {
  const folders = readdirSync(path.join(root, "examples"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  assert.deepEqual(folders, []);
});

type Message = Record<string, unknown> & { payload?: unknown };

/** A Function node of an example, as Node-RED runs it: with a context that it keeps, a clock, and the modules that it names. */
class FunctionNode {
  now = Date.parse("2026-11-22T12:00:00Z");
  readonly warnings: string[] = [];
  readonly #context = new Map<string, unknown>();
  readonly #code: string;
  readonly #libs: Record<string, unknown>;

  constructor(example: string, name: string, environment: Record<string, string> = {}) {
    const nodes = JSON.parse(
      readFileSync(path.join(root, "examples", `${example}.json`), "utf8"),
    ) as ExampleNode[];
    const node = nodes.find((node) => node.type === "function" && node.name === name)!;
    this.#code = String(node.func);
    const require = createRequire(__filename);
    const libs = node.libs as { var: string; module: string }[];
    const kept = {
      get: (key: string) => this.#context.get(key),
      set: (key: string, value: unknown) => this.#context.set(key, value),
    };
    this.#libs = {
      ...Object.fromEntries(libs.map(({ var: variable, module }) => [variable, require(module) as unknown])),
      env: { get: (key: string) => environment[key] },
      context: kept,
      flow: kept,
      node: {
        status: () => {},
        warn: (text: string) => this.warnings.push(text),
        error: (text: string) => this.warnings.push(text),
      },
      URLSearchParams,
    };
  }

  set(key: string, value: unknown): void {
    this.#context.set(key, value);
  }

  /** What it sends for a message. */
  async run(msg: Message): Promise<unknown> {
    const clock = class extends Date {
      static override now = () => 0;
    };
    clock.now = () => this.now;
    const context = { ...this.#libs, msg, Date: clock };
    return (await vm.runInNewContext(`(async () => {${this.#code}\n})()`, context)) as unknown;
  }
}

describe("the alarm of example 13", () => {
  const example = "13 - Alarm by mail and Telegram";
  const trigger = {
    ...{ event: "on", sourceId: "FDSN:XX_QUAKE_00_H_H_Z", onTime: "2026-11-22T12:00:03.25Z" },
    ...{ ratio: 3.04, peakAmplitude: 812.4, units: "counts" },
  };

  it("is a sentence about the beginning of a trigger, and none about its end", async () => {
    const words = new FunctionNode(example, "in words");
    const { topic, payload } = (await words.run({ payload: trigger })) as Message;
    assert.equal(topic, "Shaking at XX_QUAKE_00_H_H_Z");
    assert.equal(
      payload,
      "Shaking at XX_QUAKE_00_H_H_Z, 2026-11-22 12:00:03 UTC: 3.0 times louder than before, peak so far 812 counts.",
    );
    assert.equal(await words.run({ payload: { ...trigger, event: "off" } }), null);
  });

  it("says that a test is one", async () => {
    const words = new FunctionNode(example, "in words");
    const { topic } = (await words.run({ payload: { ...trigger, test: true } })) as Message;
    assert.equal(topic, "Test: Shaking at XX_QUAKE_00_H_H_Z");
  });

  it("sends nothing to Telegram without a token", async () => {
    assert.equal(await new FunctionNode(example, "to Telegram").run({ payload: "Shaking" }), null);
  });
});

describe("the pictures of example 29", () => {
  const example = "29 - Picture when the earth shakes";

  it("are of three components, at the start of a minute and a half, then of each second", async () => {
    const station = new FunctionNode(example, "three components");
    const sent = async () => {
      const [messages] = ((await station.run({})) ?? [[]]) as [
        { payload: { sourceId: string; startTime: string; samples: number[] } }[],
      ];
      return messages.map(({ payload }) => payload);
    };
    const first = await sent();
    assert.deepEqual(
      Array.from(first, ({ sourceId, samples }) => [sourceId.at(-1), samples.length]),
      ["Z", "N", "E"].map((component) => [component, 9000]),
    );
    assert.equal(await station.run({}), null, "nothing twice");
    station.now += 1000;
    const next = await sent();
    assert.equal(Date.parse(next[0]!.startTime) - Date.parse(first[0]!.startTime), 90_000);
    const most = (payloads: { samples: number[] }[]) =>
      Math.max(...payloads[1]!.samples.map((x) => Math.abs(x - 500)));
    assert.ok(most(next) <= 20);
    station.set("shakes", station.now / 1000);
    station.now += 10_000;
    assert.ok(most(await sent()) > 200, "it shakes");
  });

  it("go to Telegram as a form with a file, and nowhere without a token", async () => {
    const picture = { payload: Buffer.from("png"), filename: "a.png", description: "XX.QUAKE, now" };
    assert.equal(await new FunctionNode(example, "photo for Telegram").run(picture), null);
    const photo = new FunctionNode(example, "photo for Telegram", {
      TELEGRAM_TOKEN: "1:a",
      TELEGRAM_CHAT: "7",
    });
    const { url, headers, payload } = (await photo.run({
      ...picture,
      trigger: { onTime: "2026-11-22T12:00:03.25Z" },
    })) as { url: string; headers: Record<string, string>; payload: Record<string, unknown> };
    assert.equal(url, "https://api.telegram.org/bot1:a/sendPhoto");
    assert.equal(headers["content-type"], "multipart/form-data");
    assert.equal(payload.caption, "Shaking since 12:00:03 UTC: XX.QUAKE, now");
    const { value, options } = payload.photo as { value: Buffer; options: { filename: string } };
    assert.deepEqual([value, options.filename], [picture.payload, "a.png"]);
  });
});

describe("the silent stations of example 14", () => {
  const streams = (...ages: [string, number][]) => ({
    payload: {
      streams: ages.map(([streamId, age]) => ({
        streamId,
        latestDataEnd: new Date(node.now - age * 1000).toISOString(),
      })),
    },
  });
  let node: FunctionNode;
  beforeEach(() => {
    node = new FunctionNode("14 - Silent station", "silent, or back");
  });

  async function changes(message: Message): Promise<string[]> {
    const [list] = (await node.run(message)) as [{ payload: string; silent: boolean }[]];
    return Array.from(
      list,
      ({ payload, silent }) => `${payload.split(" ")[0]} ${silent ? "silent" : "back"}`,
    );
  }

  it("are told once, and once when they are back", async () => {
    assert.deepEqual(await changes(streams(["A", 1], ["B", 2])), []);
    assert.deepEqual(await changes(streams(["A", 1], ["B", 11])), ["B silent"]);
    assert.deepEqual(await changes(streams(["A", 1], ["B", 16])), []);
    assert.deepEqual(await changes(streams(["A", 1], ["B", 3])), ["B back"]);
  });

  it("are told where they were silent before", async () => {
    assert.deepEqual(await changes(streams(["A", 4000], ["B", 2])), ["A silent"]);
  });

  it("are told where the ring has let them go", async () => {
    await changes(streams(["A", 1], ["B", 2]));
    node.now += 60_000;
    assert.deepEqual(await changes(streams(["A", 1])), ["B silent"]);
  });
});

describe("the requests of example 15", () => {
  const request = {
    payload: { net: "GE", sta: "WLF", loc: "--", cha: "HH?", start: "2026-01-01T23:00:00Z", hours: 2 },
  };

  it("are one for each hour, to the service that the environment names", async () => {
    const name = "a request for each hour";
    const FDSN_SERVICE = "http://127.0.0.1/query";
    const node = new FunctionNode("15 - Backfill from an FDSN web service", name, { FDSN_SERVICE });
    const [messages] = (await node.run(structuredClone(request))) as [{ url: string }[]];
    const stream = "net=GE&sta=WLF&loc=--&cha=HH%3F";
    assert.deepEqual(
      Array.from(messages, ({ url }) => url),
      [
        `${FDSN_SERVICE}?${stream}&start=2026-01-01T23%3A00%3A00&end=2026-01-02T00%3A00%3A00&nodata=404`,
        `${FDSN_SERVICE}?${stream}&start=2026-01-02T00%3A00%3A00&end=2026-01-02T01%3A00%3A00&nodata=404`,
      ],
    );
  });

  it("are repeated after twice as long each time, and given up in the end", async () => {
    const node = new FunctionNode("15 - Backfill from an FDSN web service", "ask again later");
    const delays: unknown[] = [];
    let message: Message = { tries: 0, statusCode: 503, headers: {}, payload: Buffer.from("busy") };
    for (;;) {
      const next = (await node.run(message)) as Message | null;
      if (!next) break;
      assert.ok(!("headers" in next));
      delays.push(next.delay);
      message = { ...next, statusCode: 503 };
    }
    assert.deepEqual(delays, [2000, 4000, 8000, 16_000, 32_000, 64_000]);
    assert.match(node.warnings[0]!, /503/);
  });
});

describe("the limit of example 16", () => {
  const name = "delete the oldest days";
  const sds = (station: string, day: number, suffix = "") =>
    `2026/XX/${station}/HHZ.D/XX.${station}.00.HHZ.D.2026.${String(day).padStart(3, "0")}${suffix}`;

  /** Runs it on an archive of these files, each of so many bytes; gives what is left. */
  async function left(files: string[], bytes: number, limit: number): Promise<string[]> {
    await using folder = await temporaryFolder();
    for (const file of files) {
      mkdirSync(path.join(folder.path, path.dirname(file)), { recursive: true });
      writeFileSync(path.join(folder.path, file), Buffer.alloc(bytes));
    }
    const node = new FunctionNode("16 - Archive that keeps its size", name);
    node.set("archive", folder.path);
    await node.run({ limit });
    return readdirSync(folder.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        path.relative(folder.path, path.join(entry.parentPath, entry.name)).split(path.sep).join("/"),
      )
      .sort();
  }

  const days = [1, 2, 3, 4, 5, 6];

  it("deletes whole days, the oldest first, until the archive fits, compressed ones too", async () => {
    const files = days.flatMap((day) => [sds("ALFA", day, day < 3 ? ".gz" : ""), sds("BRAVO", day)]);
    const expected = files.filter((file) => !/2026\.00[123]/.test(file)).sort();
    assert.deepEqual(await left(files, 100, 650), expected);
  });

  it("deletes nothing while the archive fits", async () => {
    const files = days.map((day) => sds("ALFA", day));
    assert.deepEqual(await left(files, 100, 600), files);
  });

  it("never deletes the last two days, nor a file that is not one of the archive", async () => {
    const others = [
      "2026/XX/ALFA/HHZ.D/notes.txt",
      "2026/XX/ALFA/HHZ.D/XX.ALFA.00.HHZ.D.2026.001.rejected",
      "keep.D.2026.001",
    ];
    const files = [...days.map((day) => sds("ALFA", day)), ...others];
    assert.deepEqual(await left(files, 100, 0), [sds("ALFA", 5), sds("ALFA", 6), ...others].sort());
  });

  it("says so where nothing has been archived yet", async () => {
    const node = new FunctionNode("16 - Archive that keeps its size", name);
    assert.equal(await node.run({}), null);
    assert.equal(node.warnings.length, 1);
  });
});

describe("the chart of example 17", () => {
  it("has two points for each pixel, and every peak", async () => {
    const node = new FunctionNode("17 - Dashboard", "min and max per pixel");
    let points: { x: number; y: number }[] = [];
    const start = node.now - 400_000;
    for (let second = 0; second < 400; second++) {
      const samples = new Int32Array(100).fill(second);
      if (second === 350) samples[50] = 9999;
      if (second === 351) samples[50] = -9999;
      node.now = start + second * 1000;
      const startTime = new Date(node.now).toISOString();
      const sent = (await node.run({ payload: { startTime, sampleRate: 100, samples } })) as Message | null;
      if (sent) points = Array.from(sent.payload as typeof points);
    }
    assert.equal(points.length, 1200);
    assert.equal(Math.max(...points.map(({ y }) => y)), 9999);
    assert.equal(Math.min(...points.map(({ y }) => y)), -9999);
    assert.ok(points.every(({ x }, i) => i === 0 || x > points[i - 1]!.x));
    assert.ok(points.at(-1)!.x - points[0]!.x <= 300_000);
  });
});

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

describe("the earthquake of the examples", () => {
  it("triggers once, at its P wave", () => {
    const records = [...readRecords(readFileSync(path.join(root, "examples/earthquake.mseed")))];
    const sampleRate = 100;
    const filter = new IirFilter(designButterworth({ kind: "bandpass", corners: [0.8, 9], sampleRate }));
    const settings = { method: "recursive", sta: 6, lta: 30, on: 3.95, off: 0.9, sampleRate } as const;
    const detector = new TriggerDetector(settings);
    const events = records.flatMap(
      ({ startTime, samples }) => detector.push(startTime, filter.push(samples as Int32Array)).events,
    );
    assert.deepEqual(
      events.map(({ event, onTime }) => [event, formatNanoseconds(onTime)]),
      ["on", "off"].map((event) => [event, "2026-01-01T00:01:15.14Z"]),
    );
  });
});

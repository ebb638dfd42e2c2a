// Wires that lead to the wrong node: the status says so in a sentence with a count, the log once, Catch nodes hear of each, and
// nothing is lost on the way.
import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import type { NodeAPI, NodeMessage } from "node-red";
import { DataLinkServer, packRecords } from "../../lib/index.ts";
import coincidenceTrigger from "../../nodes/coincidence-trigger.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkIn from "../../nodes/datalink-in.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import jsonlArchive from "../../nodes/jsonl-archive.ts";
import mseedArchive from "../../nodes/mseed-archive.ts";
import mseedDecode from "../../nodes/mseed-decode.ts";
import mseedEncode from "../../nodes/mseed-encode.ts";
import seismogramImage from "../../nodes/seismogram-image.ts";
import seismographPage from "../../nodes/seismograph-page.ts";
import signalFilter from "../../nodes/signal-filter.ts";
import signalMeasure from "../../nodes/signal-measure.ts";
import signalTrigger from "../../nodes/signal-trigger.ts";
import stationMonitor from "../../nodes/station-monitor.ts";
import waveform from "../../nodes/waveform.ts";
import { type Flow, type Status, startFlow } from "../support/flow.ts";

const ID = "FDSN:XX_A_00_H_H_Z";
const samples = Int32Array.of(1, 2, 3);
const series = { sourceId: ID, startTime: "2026-01-01T00:00:00Z", sampleRate: 1, samples };
const bytes = Buffer.from([...packRecords(series, { formatVersion: 3 })][0]!);

/** Messages as the nodes before send them. */
const MESSAGES = {
  mseed: { topic: `${ID}/MSEED3`, payload: bytes, datalink: { streamId: `${ID}/MSEED3` } },
  bytes: { payload: bytes },
  record: { topic: `${ID}/MSEED3`, payload: series, datalink: { streamId: `${ID}/MSEED3` } },
  json: { topic: "FDSN:XX_A/JSON", payload: { volt: 12 }, datalink: { streamId: "FDSN:XX_A/JSON" } },
  rawJson: { topic: "FDSN:XX_A/JSON", payload: Buffer.from('{"volt":12}') },
  number: { topic: "FDSN:XX_A/JSON", payload: 12 },
  text: { topic: "FDSN:XX_A/TEXT", payload: "hello", datalink: { streamId: "FDSN:XX_A/TEXT" } },
  xml: { topic: "FDSN:XX_A/XML", payload: Buffer.from("<a/>") },
  nothing: { payload: null },
};

type Came = keyof typeof MESSAGES;
interface Wiring {
  module: (RED: NodeAPI) => void;
  /** What comes, what the status calls it, and whether it passes on, fails, or both. */
  wrong: [Came, string, "passes" | "fails" | "fails and passes"][];
  /** A message that is for the node and that it sends on; some send later ones only. */
  right: Came | undefined;
}

const WIRINGS: Record<string, Wiring> = {
  "mseed-decode": {
    module: mseedDecode,
    wrong: [
      ["json", "json", "fails"],
      ["rawJson", "json", "fails"],
      ["number", "json", "fails"],
      ["text", "text", "fails"],
      ["record", "record", "fails"],
      ["nothing", "other", "fails"],
    ],
    right: "mseed",
  },
  "mseed-encode": {
    module: mseedEncode,
    wrong: [
      ["json", "json", "fails"],
      ["rawJson", "other", "fails"],
      ["text", "text", "fails"],
      ["mseed", "mseed", "fails"],
      ["nothing", "other", "fails"],
    ],
    right: "record",
  },
  waveform: {
    module: waveform,
    wrong: [
      ["mseed", "mseed", "fails and passes"],
      ["bytes", "mseed", "fails and passes"],
      ["json", "json", "fails and passes"],
      ["rawJson", "json", "fails and passes"],
      ["text", "text", "fails and passes"],
      ["xml", "other", "fails and passes"],
    ],
    right: "record",
  },
  "jsonl-archive": {
    module: jsonlArchive,
    wrong: [
      ["mseed", "mseed", "passes"],
      ["record", "record", "passes"],
      ["text", "other", "passes"],
      ["xml", "other", "passes"],
    ],
    right: "json",
  },
  "mseed-archive": {
    module: mseedArchive,
    wrong: [
      ["json", "json", "passes"],
      ["rawJson", "json", "passes"],
      ["text", "text", "passes"],
      ["xml", "other", "passes"],
      ["record", "record", "fails"],
    ],
    right: "mseed",
  },
  "datalink-out": {
    module: datalinkOut,
    wrong: [["record", "record", "fails"]],
    right: "json",
  },
};

for (const [type, module] of [
  ["signal-filter", signalFilter],
  ["signal-trigger", signalTrigger],
  ["signal-measure", signalMeasure],
] as const) {
  WIRINGS[type] = {
    module,
    wrong: [
      ["mseed", "mseed", "fails"],
      ["number", "json", "fails"],
      ["text", "text", "fails"],
      ["nothing", "other", "fails"],
    ],
    right: undefined,
  };
}

WIRINGS["station-monitor"] = {
  module: stationMonitor,
  wrong: [
    ["json", "json", "fails"],
    ["rawJson", "other", "fails"],
    ["text", "text", "fails"],
    ["nothing", "other", "fails"],
  ],
  right: undefined,
};
WIRINGS["seismograph-page"] = {
  module: seismographPage,
  wrong: [
    ["json", "json", "fails"],
    ["rawJson", "json", "fails"],
    ["text", "text", "fails"],
    ["nothing", "other", "fails"],
  ],
  right: undefined,
};
WIRINGS["seismogram-image"] = {
  module: seismogramImage,
  wrong: [
    ["json", "json", "fails"],
    ["rawJson", "json", "fails"],
    ["text", "text", "fails"],
  ],
  right: undefined,
};
WIRINGS["coincidence-trigger"] = {
  module: coincidenceTrigger,
  wrong: [
    ["mseed", "mseed", "fails"],
    ["record", "record", "fails"],
    ["json", "json", "fails"],
    ["text", "text", "fails"],
    ["nothing", "other", "fails"],
  ],
  right: undefined,
};

const TIMES = 3;

describe("wires that lead to the wrong node", () => {
  let server: DataLinkServer;
  let flow: Flow;
  /** Node-RED's events, which outlive the flows. */
  let events: EventEmitter;

  before(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
  });
  after(() => server.close());
  afterEach(async () => {
    await flow.stop();
    events.removeAllListeners("comms:message:waveform").removeAllListeners("comms:connection-removed");
  });

  async function start(type: string, module: (RED: NodeAPI) => void, hasCatch: boolean): Promise<void> {
    const catching = [
      { id: "catch", type: "catch", scope: ["node"], wires: [["errors"]] },
      { id: "errors", type: "helper", wires: [] },
    ];
    const register = (RED: NodeAPI) => {
      events = RED.events;
      module(RED);
    };
    flow = await startFlow(
      [datalinkConnection, register],
      [
        { id: "line", type: "datalink-connection", version: 1, address: server.url, auth: "none" },
        { id: "node", type, version: 1, connection: "line", wires: [["out"]] },
        { id: "out", type: "helper", wires: [] },
        ...(hasCatch ? catching : []),
      ],
    );
  }

  const send = (came: Came, more: object = {}) =>
    flow.node("node").receive({ ...structuredClone(MESSAGES[came]), ...more } as NodeMessage);
  const says = (fits: (text: string, status: Status) => boolean) =>
    flow.status("node", (status) => fits(status.text ?? "", status));
  const logged = () => [...flow.errors("node"), ...flow.warnings("node")].map(String);

  for (const [type, { module, wrong, right }] of Object.entries(WIRINGS)) {
    for (const [came, kind, fate] of wrong) {
      it(`${type}: ${came} is told once, counted, and ${fate}`, async () => {
        await start(type, module, false);
        for (let i = 0; i < TIMES; i++) send(came);
        const sentence = `${type}.status.got-${kind} (${TIMES})`;
        await says((text, { fill }) => text === sentence && fill === (fate === "passes" ? "yellow" : "red"));
        assert.equal(logged().length, 1, logged().join("\n"));
        assert.match(logged()[0]!, /[.}]$|mseed decode/);
        if (right === undefined) return;
        // One that is for the node still gets what is its due.
        send(right, { mark: "right" });
        const passed = fate === "fails" ? [] : await flow.inbox("out").take(TIMES);
        for (const msg of passed) assert.deepEqual(msg.payload, structuredClone(MESSAGES[came]).payload);
        const msg = await flow.inbox("out").next();
        assert.equal((msg as { mark?: string }).mark, "right");
        await says((text) => !text.includes("got-") || text === sentence);
      });

      if (fate === "passes") continue;
      it(`${type}: Catch nodes hear of each ${came}, with its code`, async () => {
        await start(type, module, true);
        for (let i = 0; i < TIMES; i++) send(came);
        for (const { error } of await flow.inbox("errors").take(TIMES)) {
          assert.ok(error.message.length > 20);
          assert.match(error.code!, /^[A-Z_]+$/);
        }
        assert.equal(logged().length, 1, "what Catch nodes take is not logged");
      });
    }
  }

  it("is a part of the status only where other messages are for the node", async () => {
    await start("jsonl-archive", jsonlArchive, false);
    send("json");
    await says((text) => text.includes("jsonl-archive.status.writ"));
    send("mseed");
    send("text");
    await says((text) => /jsonl-archive\.status\.writ\w+, jsonl-archive\.status\.others$/.test(text));
    assert.equal(logged().length, 2, "one line for miniSEED, one for what else there is");
  });

  it("datalink-in names messages that do not control it once", async () => {
    await start("datalink-in", datalinkIn, false);
    for (let i = 0; i < TIMES; i++) send("record");
    await says((text) => /^datalink-in\.status\.streaming.*, datalink-in\.status\.others$/.test(text));
    assert.match(
      logged().join("\n"),
      /^msg\.topic is "FDSN:XX_A_00_H_H_Z\/MSEED3": to control datalink in, give start, stop[^\n]*$/,
    );
  });
});

describe("patterns that no stream matches", () => {
  let server: DataLinkServer;
  let flow: Flow;

  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    server.write({ streamId: "FDSN:XX_A/JSON", dataStart: 1_000_000, payload: "{}" });
  });
  afterEach(async () => {
    await flow.stop();
    await server.close();
  });

  async function start(settings: object): Promise<void> {
    flow = await startFlow(
      [datalinkConnection, datalinkIn],
      [
        { id: "line", type: "datalink-connection", version: 1, address: server.url, auth: "none" },
        { id: "in", type: "datalink-in", version: 1, connection: "line", wires: [["out"], []], ...settings },
        { id: "out", type: "helper", wires: [] },
      ],
    );
  }
  const says = (key: string) =>
    flow.status("in", ({ text = "" }) => text.startsWith(`datalink-in.status.${key}`));

  const PATTERNS: [string, object, string][] = [
    ["with a pattern of another network", { match: "FDSN:YY_.*" }, "FDSN:YY_B/TEXT"],
    ["with exceptions that leave nothing", { match: "FDSN:XX_A.*", reject: "JSON" }, "FDSN:XX_A2/TEXT"],
    ["with exceptions alone", { reject: "XX_A/JSON" }, "FDSN:XX_A/TEXT"],
    ["from the earliest packet on", { match: "FDSN:YY_.*", from: "earliest" }, "FDSN:YY_B/TEXT"],
  ];
  for (const [what, settings, stream] of PATTERNS) {
    it(`are told ${what}, once, until a stream comes that they match`, async () => {
      await start(settings);
      await says("no-stream");
      assert.equal(flow.warnings("in").length, 1);
      assert.match(flow.warnings("in")[0]!, /^No stream of datalink:\/\/127\.0\.0\.1:\d+ matches /);
      server.write({ streamId: stream, dataStart: 2_000_000, payload: "hello" });
      assert.equal((await flow.inbox("out").next()).topic, stream);
      await says("streaming");
      assert.equal(flow.warnings("in").length, 1);
    });
  }

  it("are told anew when a message chooses others, and not where a stream matches", async () => {
    await start({ match: "FDSN:XX_A.*" });
    await says("streaming");
    assert.deepEqual(flow.warnings("in"), []);
    flow.node("in").receive({ topic: "match", payload: "NOTHING" });
    await says("no-stream");
    assert.match(flow.warnings("in")[0]!, /matches "NOTHING"/);
  });
});

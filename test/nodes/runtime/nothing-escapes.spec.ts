// What Node-RED, a flow or another module throws at a node ends neither the node nor the process: mocha fails a test where
// anything gets out.
import assert from "node:assert/strict";
import type { NodeAPI, NodeMessage } from "node-red";
import { DataLinkServer, packRecords } from "../../../lib/index.ts";
import datalinkConnection from "../../../nodes/datalink-connection.ts";
import datalinkIn from "../../../nodes/datalink-in.ts";
import datalinkInfo from "../../../nodes/datalink-info.ts";
import datalinkOut from "../../../nodes/datalink-out.ts";
import jsonlArchive from "../../../nodes/jsonl-archive.ts";
import mseedArchive from "../../../nodes/mseed-archive.ts";
import mseedDecode from "../../../nodes/mseed-decode.ts";
import mseedEncode from "../../../nodes/mseed-encode.ts";
import { FlowWatch } from "../../../nodes/runtime/flow-watch.ts";
import { asError, guarded } from "../../../nodes/runtime/input-handler.ts";
import { StatusLine } from "../../../nodes/runtime/status.ts";
import seedlinkConnection from "../../../nodes/seedlink-connection.ts";
import seedlinkIn from "../../../nodes/seedlink-in.ts";
import signalFilter from "../../../nodes/signal-filter.ts";
import waveform from "../../../nodes/waveform.ts";
import { type Flow, startFlow } from "../../support/flow.ts";

const ID = "FDSN:XX_A_00_H_H_Z";
const series = { sourceId: ID, startTime: "2026-01-01T00:00:00Z", sampleRate: 1, samples: [1, 2, 3] };
/** A record of some second, at a rate that filters can be designed for. */
const fast = (second: number) => ({ ...series, sampleRate: 100, startTime: `2026-01-01T00:00:0${second}Z` });
const [record] = packRecords({ ...series, samples: Int32Array.of(1, 2, 3) }, { formatVersion: 3 });
/** More than a copy has stack for. */
const deep = () => {
  let value: object = {};
  for (let i = 0; i < 20_000; i++) value = { value };
  return value;
};

describe("nothing that is thrown escapes", () => {
  let server: DataLinkServer;
  let flow: Flow;
  before(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
  });
  after(() => server.close());

  /** `next`: the good message behind the others, where the same once more would be dropped. */
  const nodes: Record<string, { module: (RED: NodeAPI) => void; good: object; next?: object }> = {
    "datalink-out": { module: datalinkOut, good: { payload: { a: 1 }, topic: ID } },
    "datalink-info": { module: datalinkInfo, good: { request: "id" } },
    "mseed-decode": { module: mseedDecode, good: { payload: record } },
    "mseed-encode": { module: mseedEncode, good: { payload: series } },
    "jsonl-archive": { module: jsonlArchive, good: { payload: { a: 1 }, topic: ID } },
    "mseed-archive": { module: mseedArchive, good: { payload: record, topic: `${ID}/MSEED3` } },
    "signal-filter": { module: signalFilter, good: { payload: fast(0) }, next: { payload: fast(1) } },
    waveform: { module: waveform, good: { payload: series } },
  };
  for (const [type, { module, good, next = good }] of Object.entries(nodes)) {
    for (const settings of [
      {},
      {
        connection: "nothing",
        layout: "x",
        pattern: "%q",
        factor: "x",
        samples: "x",
        seconds: "x",
        encoding: "x",
        kind: "x",
      },
    ]) {
      const how = "connection" in settings ? " with settings that cannot be used" : "";
      it(`${type}${how}: a message that cannot be copied, then a good one`, async () => {
        flow = await startFlow(
          [datalinkConnection, module],
          [
            { id: "line", type: "datalink-connection", version: 1, address: server.url, auth: "none" },
            { id: "node", type, version: 1, connection: "line", wires: [["a", "b"]], ...settings },
            { id: "catch", type: "catch", scope: ["node"], wires: [["errors", "more"]] },
            ...["a", "b", "errors", "more"].map((id) => ({ id, type: "helper", wires: [] })),
          ],
        );
        try {
          const node = flow.node("node");
          node.receive({ ...good, deep: deep() });
          node.receive({ ...good, payload: deep() });
          node.receive({ ...next, mark: "good" } as NodeMessage);
          const inbox = flow.inbox(how ? "errors" : "a");
          for (
            let msg = await inbox.next();
            (msg as { mark?: string }).mark !== "good";
            msg = await inbox.next()
          );
          assert.ok(flow.errors("node").length > 0);
        } finally {
          await flow.stop();
        }
      });
    }
  }

  it("datalink-in: control messages that cannot be copied", async () => {
    flow = await startFlow(
      [datalinkConnection, datalinkIn],
      [
        { id: "line", type: "datalink-connection", version: 1, address: server.url, auth: "none" },
        { id: "node", type: "datalink-in", version: 1, connection: "line", wires: [[], ["a", "b"]] },
        { id: "catch", type: "catch", scope: ["node"], wires: [["errors", "more"]] },
        ...["a", "b", "errors", "more"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
    try {
      for (const topic of ["nonsense", "position", "match"])
        flow.node("node").receive({ topic, payload: deep() });
      flow.node("node").receive({ topic: "nonsense" });
      await flow.inbox("errors").next();
    } finally {
      await flow.stop();
    }
  });

  it("seedlink-in: control messages that cannot be copied", async () => {
    flow = await startFlow(
      [seedlinkConnection, seedlinkIn],
      [
        {
          id: "line",
          type: "seedlink-connection",
          version: 1,
          address: server.url.replace("datalink", "seedlink"),
        },
        { id: "node", type: "seedlink-in", version: 1, connection: "line", wires: [[], ["a", "b"]] },
        { id: "catch", type: "catch", scope: ["node"], wires: [["errors", "more"]] },
        ...["a", "b", "errors", "more"].map((id) => ({ id, type: "helper", wires: [] })),
      ],
    );
    try {
      for (const topic of ["nonsense", "position", "streams"])
        flow.node("node").receive({ topic, payload: deep() });
      flow.node("node").receive({ topic: "nonsense" });
      await flow.inbox("errors").next();
    } finally {
      await flow.stop();
    }
  });

  it("a listener that is guarded logs what it throws", () => {
    const logged: string[] = [];
    const log = { error: (message: string) => logged.push(message) };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const thrown: unknown[] = [
      new Error("an error"),
      "text",
      undefined,
      Symbol("s"),
      Object.create(null),
      proxy,
    ];
    for (const each of thrown) {
      guarded(log, () => {
        throw each;
      })();
    }
    assert.equal(logged.length, thrown.length);
    assert.deepEqual(logged.slice(0, 2), ["an error", "text"]);
    assert.ok(thrown.every((each) => asError(each) instanceof Error));
  });

  it("a hook of the flow watch lets a message on its way, whatever the message does", () => {
    const hooks = new Map<string, (event: object) => unknown>();
    const logged: unknown[] = [];
    const watch = new FlowWatch({
      hooks: {
        add: (name: string, hook: (event: object) => unknown) => hooks.set(name.split(".")[0]!, hook),
        remove: () => {},
      },
      events: { on: () => {}, off: () => {} },
      nodes: { getNode: () => null },
      log: { error: (message: string) => logged.push(message) },
    } as never);
    const flow = new Map();
    watch.join(flow);
    const msg = Object.defineProperty({}, "_msgid", {
      get() {
        throw new Error("a trap");
      },
    });
    for (const [name, hook] of hooks) {
      // Node-RED takes a hook with another number of parameters for one that calls back.
      assert.equal(hook.length, 1, name);
      assert.equal(hook({ msg, destination: { node: { id: "x", _expectedDoneCount: 0 } } }), undefined, name);
    }
    assert.deepEqual([...new Set(logged)], ["a trap"]);
    watch.leave(flow);
  });

  it("a status that cannot be told is logged", () => {
    const logged: string[] = [];
    const node = { status: () => {}, error: (message: string) => logged.push(message) };
    const line = new StatusLine(node as never, () => {
      throw new Error("no status");
    });
    line.update();
    assert.deepEqual(logged, ["no status"]);
    line.close();
  });
});

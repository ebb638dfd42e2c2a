// JSON keeps its digits on the way from a server to a file or to another server, whatever stands in between and leaves it alone.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import type { NodeAPI } from "node-red";
import { DataLinkClient } from "../../../lib/datalink/client.ts";
import { encodePayload } from "../../../lib/packets.ts";
import { DataLinkServer } from "../../../lib/server/server.ts";
import datalinkConnection from "../../../nodes/datalink-connection.ts";
import datalinkIn from "../../../nodes/datalink-in.ts";
import datalinkOut from "../../../nodes/datalink-out.ts";
import jsonlArchive from "../../../nodes/jsonl-archive.ts";
import { type Flow, startFlow } from "../../support/flow.ts";

const core = (file: string) =>
  createRequire(__filename)(`@node-red/nodes/core/function/${file}`) as (RED: NodeAPI) => void;

/** Documents that a value alone does not bring back. */
const DOCUMENTS = [
  '{"t":1795914399716791123,"f":1.10,"e":1E400,"big":123456789012345678901234567890}',
  '{"t": -1.50, "zero": -0, "list": [1.0, 2e0, {"a": 0.1e1}]}',
  "[1.000000000000000001]",
  "12345678901234567890",
  '{"b":1,"2":2,"a":3,"1":4}',
  '{"twice":1.0,"twice":2.0}',
  '{"text":"\\u00e9\\/é","proto":{"__proto__":{"x":1.0}}}',
  '"just text"',
  '"5"',
  "null",
  '{"plain":[1,2.5,"x",null,true,"a \\" b"]}',
];

describe("digits of JSON", () => {
  const ID = "FDSN:XX_DIGIT__S_O_H";
  let server: DataLinkServer;
  let flow: Flow;

  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, packetSize: 4096 });
  });
  afterEach(async () => {
    await flow.stop();
    await server.close();
  });

  const between: Record<string, object> = {
    "a function that returns the message": { type: "function", func: "return msg;" },
    "a function that sends a copy": {
      type: "function",
      func: "node.send({...msg, other: 1}); node.done(); return null;",
    },
    "a function that copies by way of JSON": {
      type: "function",
      // What JSON cannot say is not left alone by that.
      func: "if (!JSON.stringify(msg.payload).includes('null')) msg = JSON.parse(JSON.stringify(msg)); return msg;",
    },
    "a change of other properties": {
      type: "change",
      rules: [
        { t: "set", p: "other", pt: "msg", to: "1", tot: "num" },
        { t: "set", p: "datalink.note", pt: "msg", to: "seen", tot: "str" },
      ],
    },
    "a switch": { type: "switch", property: "topic", rules: [{ t: "nempty" }], checkall: "true", outputs: 1 },
  };

  async function start(more: object[], wires: string[]): Promise<Flow> {
    return await startFlow(
      [
        datalinkConnection,
        datalinkIn,
        datalinkOut,
        jsonlArchive,
        core("10-function.js"),
        core("15-change.js"),
        core("10-switch.js"),
      ],
      [
        { id: "line", type: "datalink-connection", version: 1, address: server.url, auth: "none" },
        {
          id: "in",
          type: "datalink-in",
          version: 1,
          connection: "line",
          match: `^${ID}/`,
          from: "earliest",
          wires: [wires, []],
        },
        { id: "seen", type: "helper", wires: [] },
        ...(more as Record<string, unknown>[]),
      ],
    );
  }

  const archive = (name: string) => ({
    id: name,
    type: "jsonl-archive",
    version: 1,
    directory: "archive",
    pattern: `${name}.jsonl`,
    sync: "none",
    wires: [[`${name}-done`]],
  });

  it("are those of the packet in an archive, through wires and nodes that leave the payload alone", async () => {
    const names = Object.keys(between);
    flow = await start(
      [
        archive("direct"),
        { id: "direct-done", type: "helper", wires: [] },
        ...names.flatMap((name, i) => [
          { id: `between${i}`, ...between[name], wires: [[`file${i}`]] },
          archive(`file${i}`),
          { id: `file${i}-done`, type: "helper", wires: [] },
        ]),
      ],
      ["direct", "seen", ...names.map((_, i) => `between${i}`)],
    );
    const types = ["JSON", "BZJSON"];
    for (const type of types) {
      for (const document of DOCUMENTS) {
        server.write({
          streamId: `${ID}/${type}`,
          dataStart: 1_000_000,
          payload: encodePayload(type, document),
        });
      }
    }
    const lines = types.flatMap(() => DOCUMENTS);
    for (const file of ["direct", ...names.map((_, i) => `file${i}`)]) {
      await flow.inbox(`${file}-done`).take(lines.length);
      const written = await readFile(path.join(flow.userDir, "archive", `${file}.jsonl`), "utf8");
      assert.deepEqual(written.split("\n").slice(0, -1), lines, file);
    }
    // Beside a value that brings its document back there is nothing.
    const seen = await flow.inbox("seen").take(lines.length);
    assert.deepEqual(
      seen.map(({ datalink }) => "text" in datalink),
      lines.map((line) => line !== "null" && !line.includes("plain")),
    );
  });

  it("need no text beside a value that says all, however the text is laid out", async () => {
    flow = await start([], ["seen"]);
    const layouts = ['{ "a b" : [ 1 , 2.5 ] ,\n\t"c\\\\": "x \\" y" }\n', ' "text" ', '{"a":1.0 }'];
    for (const document of layouts) {
      server.write({ streamId: `${ID}/JSON/layout`, dataStart: 3_000_000, payload: document });
    }
    const seen = await flow.inbox("seen").take(layouts.length);
    assert.deepEqual(
      seen.map(({ datalink }) => datalink.text),
      [undefined, ' "text" ', '{"a":1.0 }'],
    );
  });

  it("are those of the value where a node has changed it, however little", async () => {
    const changes = [
      "msg.payload.e = null",
      "msg.payload.f = 1.2",
      "msg.payload.more = 1",
      "delete msg.payload.f",
      "msg.payload = [msg.payload.f]",
      "msg.payload.big = String(msg.payload.big)",
      "msg.payload = {...msg.payload, e: NaN}",
    ];
    flow = await start(
      [
        {
          id: "change",
          type: "function",
          func:
            changes.map((change, i) => `if (msg.topic.endsWith("/${i}")) ${change};`).join("\n") +
            "\nreturn msg;",
          wires: [["changed"]],
        },
        archive("changed"),
        { id: "changed-done", type: "helper", wires: [] },
      ],
      ["change", "seen"],
    );
    for (const [i] of changes.entries()) {
      server.write({ streamId: `${ID}/JSON/${i}`, dataStart: 1_000_000, payload: DOCUMENTS[0]! });
    }
    const messages = await flow.inbox("changed-done").take(changes.length);
    const written = await readFile(path.join(flow.userDir, "archive", "changed.jsonl"), "utf8");
    assert.deepEqual(
      written.split("\n").slice(0, -1),
      messages.map(({ payload }) => JSON.stringify(payload)),
    );
  });

  it("are those of the packet when it goes on to another server", async () => {
    const other = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, packetSize: 4096 });
    try {
      flow = await start(
        [
          { id: "other", type: "datalink-connection", version: 1, address: other.url, auth: "none" },
          {
            id: "copy",
            type: "datalink-out",
            version: 1,
            connection: "other",
            streamId: "",
            wires: [["copied"]],
          },
          { id: "copied", type: "helper", wires: [] },
        ],
        ["copy", "seen"],
      );
      const documents = DOCUMENTS.filter((document) => document !== "null");
      for (const document of documents) {
        server.write({ streamId: `${ID}/JSON/copy`, dataStart: 2_000_000, payload: document });
      }
      await using client = await DataLinkClient.connect(other.url);
      const found: string[] = [];
      while (found.length < documents.length) {
        const { datalink } = await flow.inbox("copied").next();
        const { streamId, payload } = await client.read(BigInt(datalink.packetId!));
        if (streamId.endsWith("/copy")) found.push(payload.toString());
      }
      assert.deepEqual(found, documents);
    } finally {
      await other.close();
    }
  });
});

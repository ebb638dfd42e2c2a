// What the dialogs ask the runtime.
import assert from "node:assert/strict";
import path from "node:path";
import { DataLinkServer } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import editor from "../../nodes/editor.ts";
import { type Flow, startFlow } from "../support/flow.ts";

describe("questions of the dialogs", () => {
  let server: DataLinkServer;
  let flow: Flow;

  before(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    server.write({ streamId: "FDSN:XX_A/JSON", dataStart: 1_000_000, payload: "{}" });
    server.write({ streamId: "FDSN:XX_B/JSON", dataStart: 1_000_000, payload: "{}" });
    const connection = {
      id: "server",
      type: "datalink-connection",
      version: 1,
      address: server.url,
      auth: "none",
    };
    flow = await startFlow([datalinkConnection, editor], [connection]);
  });
  after(async () => {
    await flow.stop();
    await server.close();
  });

  it("says what a server answers", async () => {
    const answer = await flow.post("/datalink/test", { id: "new", address: server.url, auth: "none" });
    assert.deepEqual(answer, {
      server: server.url,
      software: (answer as { software: string }).software,
      protocol: "1.1",
      packetSize: 512,
      write: true,
    });
  });

  it("logs in with what environment variables hold", async () => {
    await using guarded = await DataLinkServer.listen({
      port: 0,
      ringBytes: 1 << 20,
      access: { rules: [{ from: "127.0.0.1" }], users: [{ name: "ringo", password: " hush", write: true }] },
    });
    process.env.TEST_DATALINK_PASSWORD = " hush";
    const answer = await flow.post("/datalink/test", {
      id: "new",
      address: guarded.url,
      auth: "password",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED's notation
      credentials: { user: "ringo", password: "${TEST_DATALINK_PASSWORD}" },
    });
    assert.equal((answer as { write: boolean }).write, true, JSON.stringify(answer));
  });

  it("says in a sentence why there is no answer", async () => {
    const nowhere = await flow.post("/datalink/test", { id: "new", address: "127.0.0.1:1", auth: "none" });
    assert.match(
      (nowhere as { error: string }).error,
      /^Cannot connect to datalink:\/\/127\.0\.0\.1:1: nothing listens/,
    );
    const odd = await flow.post("/datalink/test", { id: "new", address: "ftp://x", auth: "none" });
    assert.match((odd as { error: string }).error, /is not a server address/);
  });

  it("lists the streams of a deployed connection, as many as a pattern selects", async () => {
    const answer = await flow.post("/datalink/streams", { id: "server", match: "_B" });
    const { streams, total } = answer as {
      streams: { streamId: string; latestDataEnd: string }[];
      total: number;
    };
    assert.equal(total, 2);
    assert.deepEqual(
      streams.map(({ streamId, latestDataEnd }) => [streamId, latestDataEnd]),
      [["FDSN:XX_B/JSON", "1970-01-01T00:00:01.000000Z"]],
    );
  });

  it("shows where a pattern leads, or what is wrong with it", async () => {
    const example = await flow.get("/datalink/archive-path?kind=mseed&pattern=SDS%40&directory=sds");
    const { path: file } = example as { path: string };
    assert.match(
      path.relative(flow.userDir, file),
      /^sds\/\d{4}\/CO\/JSC\/HHZ\.D\/CO\.JSC\.00\.HHZ\.D\.\d{4}\.\d{3}$/,
    );
    const wrong = await flow.get("/datalink/archive-path?kind=jsonl&pattern=%25x");
    assert.match((wrong as { error: string }).error, /%x/);
  });
});

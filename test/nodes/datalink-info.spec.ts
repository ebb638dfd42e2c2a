import assert from "node:assert/strict";
import { DataLinkServer } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkInfo from "../../nodes/datalink-info.ts";
import { type Flow, startFlow } from "../support/flow.ts";

describe("datalink info node", () => {
  let server: DataLinkServer;
  let flow: Flow;

  beforeEach(async () => {
    server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    for (const station of ["A", "B"]) {
      server.write({ streamId: `FDSN:XX_${station}/JSON`, dataStart: 1_000_000, payload: '{"on":true}' });
    }
  });
  afterEach(async () => {
    await flow.stop();
    await server.close();
  });

  async function start(settings: object = {}): Promise<void> {
    flow = await startFlow(
      [datalinkConnection, datalinkInfo],
      [
        {
          id: "server",
          type: "datalink-connection",
          version: 1,
          address: server.url,
          auth: "none",
          timeout: "5",
        },
        {
          id: "info",
          type: "datalink-info",
          version: 1,
          connection: "server",
          wires: [["out"]],
          ...settings,
        },
        { id: "catch", type: "catch", scope: ["info"], wires: [["errors"]] },
        { id: "out", type: "helper", wires: [] },
        { id: "errors", type: "helper", wires: [] },
      ],
    );
  }

  async function ask(msg: Record<string, unknown>): Promise<Record<string, unknown>> {
    flow.node("info").receive(msg);
    return (await flow.inbox("out").next()).payload as Record<string, unknown>;
  }

  it("answers with the status, plain: ids as strings, times as ISO 8601", async () => {
    await start({ request: "status" });
    const { status, xml } = (await ask({})) as { status: Record<string, unknown>; xml: unknown };
    assert.equal(xml, undefined);
    assert.equal(status.latestPacketId, String(server.status.newest?.packetId));
    assert.equal(status.latestDataStart, "1970-01-01T00:00:01.000000Z");
    assert.doesNotThrow(() => JSON.stringify(status));
  });

  it("lists streams, all or those that a pattern selects, and connections", async () => {
    await start({ request: "streams" });
    const names = async (msg: object) =>
      ((await ask({ ...msg })).streams as { streamId: string }[]).map(({ streamId }) => streamId);
    assert.deepEqual(await names({}), ["FDSN:XX_A/JSON", "FDSN:XX_B/JSON"]);
    assert.deepEqual(await names({ match: "_B" }), ["FDSN:XX_B/JSON"]);
    const { connections } = (await ask({ request: "connections" })) as {
      connections: { clientId: string }[];
    };
    assert.match(connections[0]!.clientId, /^node-red:/);
  });

  it("tells what the server is", async () => {
    await start({ request: "id" });
    const { server: address, write, protocol } = await ask({});
    assert.deepEqual([address, write, protocol], [server.url, true, "1.1"]);
  });

  it("reads one packet, as datalink in sends it", async () => {
    await start({ request: "packet" });
    flow.node("info").receive({ payload: "latest", kept: 1 });
    const msg = await flow.inbox("out").next();
    assert.deepEqual([msg.topic, msg.payload, msg.kept], ["FDSN:XX_B/JSON", { on: true }, 1]);
    flow.node("info").receive({ payload: msg.datalink.packetId });
    assert.equal((await flow.inbox("out").next()).datalink.packetId, msg.datalink.packetId);
  });

  it("fails a message with a sentence: no such packet, an odd request, no server", async () => {
    await start({ request: "packet" });
    const complaints: [msg: Record<string, unknown>, sentence: RegExp][] = [
      [{ payload: "4711" }, /4711|not/],
      [{ payload: "noon" }, /msg\.payload is not a packet id/],
      [{ request: "dance" }, /msg\.request is "dance": give one of id, status/],
    ];
    for (const [msg, sentence] of complaints) {
      flow.node("info").receive(msg);
      assert.match((await flow.inbox("errors").next()).error.message, sentence);
    }
    await server.close();
    flow.node("info").receive({ payload: "latest" });
    assert.match((await flow.inbox("errors").next()).error.message, /127\.0\.0\.1/);
  });
});

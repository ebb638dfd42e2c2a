import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { DataLinkServer } from "../../lib/ring/server.ts";
import datalinkServer from "../../nodes/datalink-server.ts";
import { type Flow, startFlow } from "../support/flow.ts";

describe("datalink server node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(settings: object): Promise<void> {
    flow = await startFlow(
      [datalinkServer],
      [
        { id: "server", type: "datalink-server", version: 1, wires: [["events"]], ...settings },
        { id: "events", type: "helper", wires: [] },
      ],
    );
  }

  async function freePort(): Promise<number> {
    const server = net.createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, "close");
    return port;
  }

  it("listens, tells who connects, and frees its port when it stops", async () => {
    const port = await freePort();
    await start({ port: String(port), ringSize: "1" });
    await flow.status("server", ({ fill }) => fill === "green");
    const socket = net.connect(port, "127.0.0.1");
    // What a socket speaks, its first byte tells.
    socket.write("DL");
    const connected = await flow.inbox("events").next();
    assert.equal(connected.topic, "connected");
    assert.match((connected.payload as { message: string }).message, /^127\.0\.0\.1:\d+ has connected\.$/);
    socket.destroy();
    assert.equal((await flow.inbox("events").next()).topic, "closed");
    await flow.stop();
    const other = await DataLinkServer.listen({ port, ringBytes: 1 << 20 });
    await other.close();
  });

  it("shows that its port is in use, and lets the flow stop", async () => {
    await using other = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    await start({ port: String(other.port), ringSize: "1" });
    await flow.status(
      "server",
      ({ fill, text }) => fill === "red" && text === "datalink-server.status.port-in-use",
    );
  });

  it("takes its port from an environment variable", async () => {
    process.env.TEST_DATALINK_PORT = String(await freePort());
    // biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED's notation
    await start({ port: "${TEST_DATALINK_PORT}", ringSize: "1" });
    await flow.status("server", ({ fill }) => fill === "green");
    const socket = net.connect(Number(process.env.TEST_DATALINK_PORT), "127.0.0.1");
    await once(socket, "connect");
    socket.destroy();
  });

  it("names a setting that cannot be used", async () => {
    await start({ port: "seventy" });
    assert.equal(
      flow.errors("server")[0],
      'TCP port is "seventy": give a number from 0 to 65535 in the node\'s settings.',
    );
  });
});

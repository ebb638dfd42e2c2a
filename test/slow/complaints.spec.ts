// Complaints about nodes like these that only minutes, or a real Node-RED, can show: see test/nodes/complaints.spec.ts.
import assert from "node:assert/strict";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { encodeOk } from "../../lib/datalink/protocol/replies.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import { startFlow } from "../support/flow.ts";
import { scriptedPeer } from "../support/network/scripted-peer.ts";
import { freePort, NodeRed } from "../support/node-red.ts";

const tab = { id: "tab", type: "tab", label: "test" };

const connection = (address: string) => ({
  id: "server",
  type: "datalink-connection",
  version: 1,
  address,
  auth: "none",
  timeout: "2",
});

const node = (id: string, type: string, settings: object) => ({
  id,
  type,
  z: "tab",
  x: 100,
  y: 100,
  version: 1,
  connection: "server",
  wires: [[]],
  ...settings,
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

describe("complaints that take their time", function () {
  this.timeout(300_000);

  it("a message that makes the server close the connection fails after some attempts; the others get through", async () => {
    let id = 0n;
    await using peer = await scriptedPeer(({ words }) => {
      if (words[0] !== "WRITE") return undefined;
      return words[1] === "BAD/TEXT" ? ["close"] : encodeOk(++id);
    });
    const flow = await startFlow(
      [datalinkConnection, datalinkOut],
      [
        connection(peer.url),
        node("out", "datalink-out", { ack: true, wires: [["written"]] }),
        node("catch", "catch", { scope: ["out"], wires: [["errors"]] }),
        { id: "written", type: "helper", wires: [] },
        { id: "errors", type: "helper", wires: [] },
      ],
    );
    const topics = ["A/TEXT", "BAD/TEXT", "B/TEXT", "C/TEXT", "D/TEXT", "E/TEXT"];
    for (const topic of topics) flow.node("out").receive({ topic, payload: topic });
    const { error, topic } = (await flow.inbox("errors").next()) as {
      error: { code?: string };
      topic?: unknown;
    };
    assert.deepEqual([error.code, topic], ["PACKET_REJECTED", "BAD/TEXT"]);
    const written = await flow.inbox("written").take(5);
    assert.deepEqual(
      written.map(({ payload }) => payload),
      topics.filter((name) => name !== "BAD/TEXT"),
    );
    await flow.stop();
  });

  it("is not green for minutes after the peer has fallen silent", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    // What comes from either side goes nowhere any more, and nobody is told, as with a cable that was pulled.
    const sockets: net.Socket[] = [];
    let isCut = false;
    const proxy = net.createServer((client) => {
      const target = net.connect(server.port, "127.0.0.1");
      for (const [from, to] of [
        [client, target],
        [target, client],
      ] as const) {
        sockets.push(from);
        from.on("error", () => {});
        from.on("data", (piece) => isCut || to.write(piece));
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as net.AddressInfo;
    {
      await using nodeRed = await NodeRed.start({
        flows: [
          tab,
          connection(`127.0.0.1:${port}`),
          node("in", "datalink-in", {
            from: "earliest",
            resume: true,
            autoStart: true,
            wires: [["out"], []],
          }),
          node("out", "datalink-out", { ack: true }),
        ],
      });
      while (server.status.clients < 2) await delay(50);
      isCut = true;
      for (const id of ["in", "out"]) {
        await nodeRed.logged(
          new RegExp(`datalink-${id}:.* did not answer .* within 2 s; .*Next attempt`),
          60_000,
        );
      }
    }
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });

  it("has its port again after every deploy", async () => {
    const port = await freePort();
    const flows = (name: string) => [
      tab,
      connection(`127.0.0.1:${port}`),
      node("listening", "datalink-server", { name, port: String(port), ringSize: "1", access: "loopback" }),
      node("in", "datalink-in", { name, from: "earliest", resume: true, autoStart: true, wires: [[], []] }),
      node("out", "datalink-out", { name, ack: true }),
    ];
    await using nodeRed = await NodeRed.start({ flows: flows("first") });
    for (let deploy = 1; deploy <= 9; deploy++) {
      await nodeRed.deploy(flows(`deploy ${deploy}`), (["full", "nodes", "flows"] as const)[deploy % 3]);
      while (!(await isOpen(port))) await delay(50);
    }
    assert.deepEqual(
      nodeRed.log.filter((line) => /\[error\]|datalink-server:|timed out/.test(line)),
      [],
    );
  });
});

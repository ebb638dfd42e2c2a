import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { mock } from "node:test";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { packRecords } from "../../lib/mseed/index.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import datalinkServer, { type DataLinkServerNode } from "../../nodes/datalink-server.ts";
import editor from "../../nodes/editor.ts";
import { CREDENTIALS } from "../../nodes/runtime/server-options.ts";
import { Peer, write } from "../server/peer.ts";
import { SeedLinkPeer } from "../server/seedlink-peer.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { newFolder } from "../support/folders.ts";
import { freePort } from "../support/node-red.ts";

describe("datalink server node", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(
    settings: object,
    options: { credentials?: object; userDir?: string } = {},
  ): Promise<void> {
    flow = await startFlow(
      [datalinkServer, editor],
      [
        { id: "server", type: "datalink-server", version: 1, wires: [["events"]], ...settings },
        { id: "events", type: "helper", wires: [] },
      ],
      options,
    );
  }

  /** Starts it on a free port, and gives that when it listens. */
  async function listen(
    settings: object,
    secrets: object = {},
    options: { userDir?: string } = {},
  ): Promise<number> {
    const port = await freePort();
    await start(
      { port: String(port), ringSize: "1", ...settings },
      { credentials: { server: secrets }, ...options },
    );
    await flow.status("server", ({ fill }) => fill === "green");
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

  for (const count of [1, 50]) {
    it(`takes ${count} packets that the same flow has sent just before it is stopped`, async () => {
      const port = String(await freePort());
      const address = `127.0.0.1:${port}`;
      flow = await startFlow(
        [datalinkServer, datalinkConnection, datalinkOut],
        [
          { id: "server", type: "datalink-server", version: 1, port, ringSize: "1", wires: [[]] },
          { id: "line", type: "datalink-connection", version: 1, address, auth: "none" },
          {
            id: "out",
            type: "datalink-out",
            version: 1,
            connection: "line",
            streamId: "XX/TEXT",
            wires: [["done"]],
          },
          { id: "done", type: "helper", wires: [] },
        ],
      );
      await flow.status("out", ({ fill }) => fill === "green");
      for (let round = 0; round < 3; round++) {
        for (let n = 0; n < count; n++) flow.node("out").receive({ payload: String(n) });
        if (round < 2) await flow.inbox("done").take(count);
      }
      const { server } = (flow.node("server") as DataLinkServerNode).running()!;
      await flow.stop();
      assert.equal(server.status.packetsIn, 3 * count);
    });
  }

  it("shows that its port is in use, and lets the flow stop", async () => {
    await using other = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    await start({ port: String(other.port), ringSize: "1" });
    await flow.status(
      "server",
      ({ fill, text }) => fill === "red" && text === "datalink-server.status.port-in-use",
    );
  });

  it("listens when its port becomes free, and says so", async () => {
    const other = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
    const { port } = other;
    await start({ port: String(port), ringSize: "1" });
    await flow.status("server", ({ text }) => text === "datalink-server.status.port-in-use");
    await other.close();
    await flow.status("server", ({ fill }) => fill === "green");
    assert.deepEqual(flow.logs("server"), [`Listening on port ${port} now.`]);
    const peer = await Peer.connect(port);
    assert.match(await peer.ask("ID"), /^ID/);
    peer.end();
  });

  it("speaks SeedLink as it is set, and nodes of before SeedLink convert", async () => {
    const cases = [
      [undefined, 2],
      ["convert", 2],
      ["repack", 2],
      ["omit", 1],
      ["off", undefined],
    ] as const;
    for (const [seedLink, records] of cases) {
      const port = await listen({ ...(seedLink && { seedLink }) });
      const peer = await Peer.connect(port);
      for (const formatVersion of [2, 3] as const) {
        const series = { sourceId: "FDSN:XX_A_00_B_H_Z", startTime: 0n, sampleRate: 1, samples: [1, 2] };
        const [record] = [...packRecords(series, { formatVersion, recordLength: 512 })];
        const type = formatVersion === 2 ? "MSEED" : "MSEED3";
        await peer.ask(write(`FDSN:XX_A_00_B_H_Z/${type}`, Buffer.from(record!)));
      }
      peer.end();
      const reader = await SeedLinkPeer.connect(port);
      reader.send("STATION A XX", "DATA ALL", "ENDFETCH");
      await reader.untilClosed();
      const got = reader.words.filter((word) => word.startsWith("SL")).length;
      assert.equal(reader.received.length === 0 ? undefined : got, records, String(seedLink));
      await flow.stop();
    }
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

  it("does not try again what cannot succeed", async () => {
    const timers = mock.method(globalThis, "setTimeout");
    await start({ port: "0", ringSize: "1", access: "rules", rules: [{ from: "10.0.0.0/99", may: "read" }] });
    await flow.status("server", ({ text }) => text === "datalink-server.status.failed");
    const delays = timers.mock.calls.map(({ arguments: [, delay = 0] }) => delay);
    mock.restoreAll();
    assert.deepEqual(
      delays.filter((delay) => delay > 3000),
      [],
    );
    assert.match(flow.errors("server")[0]!, /"10\.0\.0\.0\/99" in an access rule is not an address/);
  });

  it("lets addresses do what the first line that fits them says, and turns others away", async () => {
    const port = await listen({
      access: "rules",
      rules: [
        { from: "127.0.0.2", may: "refuse", streams: "" },
        { from: "127.0.0.3, 127.0.0.4/31", may: "write", streams: "^XX_" },
        { from: "127.0.0.6", may: "read", streams: "^YY_" },
        { from: "127.0.0.7", may: "login", streams: "" },
      ],
    });
    const ask = async (from: string, ...commands: (string | Buffer)[]) => {
      const peer = await Peer.connect(port, from);
      try {
        return await peer.ask(...commands);
      } finally {
        peer.end();
      }
    };
    await assert.rejects(ask("127.0.0.2", "ID"), /closed the connection/);
    for (const from of ["127.0.0.3", "127.0.0.5"]) {
      assert.match(await ask(from, write("XX_A", "x")), /^OK/);
      assert.match(await ask(from, write("YY_A", "x")), /^ERROR/);
    }
    // What no line names, this computer may do.
    assert.match(await ask("127.0.0.1", write("YY_A", "x")), /^OK/);
    assert.match(await ask("127.0.0.6", write("YY_A", "x")), /^ERROR/);
    assert.match(await ask("127.0.0.6", "READ 3"), /^PACKET YY_A/);
    assert.match(await ask("127.0.0.6", "READ 1"), /^ERROR/);
    assert.match(await ask("127.0.0.7", "READ 3"), /^ERROR/);
  });

  it("lets users and bearers of tokens write the streams that are theirs", async () => {
    const tokenSecret = "a secret of at least thirty-two bytes";
    const port = await listen(
      { access: "read" },
      {
        ...{ user: "ringo", password: "hush", user3: "paul", password3: "quiet", streams3: "^XX_" },
        tokenSecret,
      },
    );
    const login = async (auth: { user: string; password: string }) => {
      await using client = await DataLinkClient.connect(`datalink://127.0.0.1:${port}`, { auth });
      const mayWrite = async (streamId: string) => {
        await client.write({ streamId, dataStart: 0, payload: "x" }, { ack: true });
      };
      await mayWrite("XX_A/TEXT");
      await mayWrite("YY_A/TEXT");
    };
    await login({ user: "ringo", password: "hush" });
    await assert.rejects(login({ user: "paul", password: "quiet" }), /YY_A/);
    await assert.rejects(login({ user: "paul", password: "hush" }), { code: "NOT_PERMITTED" });
  });

  it("lets each of eight users in, with streams of their own", async () => {
    const numbers = Array.from({ length: 8 }, (_, i) => i + 1);
    const secrets = numbers.flatMap((n) => {
      const slot = n === 1 ? "" : String(n);
      return [
        [`user${slot}`, `user ${n}`],
        [`password${slot}`, `password ${n}`],
        [`streams${slot}`, `^S${n}/`],
      ];
    });
    const port = await listen({ access: "read" }, Object.fromEntries(secrets));
    for (const n of numbers) {
      const auth = { user: `user ${n}`, password: `password ${n}` };
      await using client = await DataLinkClient.connect(`datalink://127.0.0.1:${port}`, { auth });
      await client.write({ streamId: `S${n}/TEXT`, dataStart: 0, payload: "x" }, { ack: true });
      const others = client.write(
        { streamId: `S${(n % 8) + 1}/TEXT`, dataStart: 0, payload: "x" },
        { ack: true },
      );
      await assert.rejects(others, { code: "NOT_PERMITTED" });
    }
    const dialog = await readFile(path.join(__dirname, "../../resources/datalink-server/users.ts"), "utf8");
    const slots = JSON.parse(/SLOTS = (\[.*?\]);/.exec(dialog)![1]!) as string[];
    assert.deepEqual(
      slots,
      numbers.map((n) => (n === 1 ? "" : String(n))),
    );
    const names = new Set(Object.keys(CREDENTIALS).filter((name) => name !== "tokenSecret"));
    assert.deepEqual(names, new Set(secrets.map(([name]) => name)));
  });

  it("keeps its ring in a folder of the user directory", async () => {
    const userDir = newFolder();
    try {
      for (const packetId of ["1", "2"]) {
        const port = await listen({ directory: "ring" }, {}, { userDir });
        const peer = await Peer.connect(port);
        assert.equal((await peer.ask(write("XX_A", "x"))).split(" ")[1], packetId);
        peer.end();
        assert.equal((await flow.inbox("events").next()).topic, "recovered");
        await flow.stop();
      }
    } finally {
      await rm(userDir, { recursive: true, force: true });
    }
  });

  it("lets in so many clients, and so many from an address", async () => {
    const port = await listen({ maxClients: "3", maxClientsPerAddress: "2" });
    const peers: Peer[] = [];
    const identified = async (from: string) => {
      const peer = await Peer.connect(port, from);
      peers.push(peer);
      return await peer.ask("ID");
    };
    for (const from of ["127.0.0.1", "127.0.0.1", "127.0.0.2"]) assert.match(await identified(from), /^ID/);
    for (const from of ["127.0.0.1", "127.0.0.2"])
      await assert.rejects(identified(from), /closed the connection/);
    for (const peer of peers) peer.end();
  });

  it("sends away who says nothing, and who does not finish", async () => {
    const port = await listen({ ioTimeout: "0.2", idleTimeout: "0.5" });
    const begun = await Peer.connect(port);
    begun.socket.write("DL");
    const idle = await Peer.connect(port);
    assert.match(await idle.ask("ID"), /^ID/);
    await Promise.all([begun.untilClosed(), idle.untilClosed()]);
  });

  it("shows the newest packet and its time", async () => {
    const port = await listen({});
    const peer = await Peer.connect(port);
    await peer.ask(write("FDSN:XX_A/TEXT", "x"));
    await flow.status("server", ({ text = "" }) => /serving · XX_A\/TEXT \d\d:\d\d:\d\d$/.test(text));
    peer.end();
    await flow.status("server", ({ text = "" }) => /listening · XX_A\/TEXT \d\d:\d\d:\d\d$/.test(text));
  });

  it("answers the dialog's Test at each of its addresses", async () => {
    await listen({});
    const answer = await flow.get("/datalink/server-test/server");
    const { answers } = answer as {
      answers: { kind: string; protocol?: string; write?: boolean; error?: string }[];
    };
    assert.deepEqual(
      answers.map(({ kind, protocol, write, error }) => [kind, protocol, write, error]),
      [
        ["tcp", "1.1", true, undefined],
        ["webSocket", "1.1", true, undefined],
        ["seedLink", "4.0", undefined, undefined],
      ],
    );
    assert.deepEqual(await flow.get("/datalink/server-test/another"), {
      error: "This server is not running: deploy it first.",
    });
  });
});

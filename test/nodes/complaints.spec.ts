// What users of nodes like these complain about elsewhere, row by row, and the test that answers it: here, or where the
// table at the end says. Rows that need a real Node-RED or minutes are in test/slow/complaints.spec.ts.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { encodeFrame } from "../../lib/datalink/protocol/frame.ts";
import { encodeInfo } from "../../lib/datalink/protocol/replies.ts";
import { type SubscriptionEvent, subscribe } from "../../lib/datalink/subscribe.ts";
import { DataLinkServer, type DataLinkServerEvent } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkIn from "../../nodes/datalink-in.ts";
import datalinkInfo from "../../nodes/datalink-info.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import { StatusLine } from "../../nodes/runtime/status.ts";
import { definitions } from "../support/editor/definitions.ts";
import { recordEvents } from "../support/events.ts";
import { type Flow, type Message, startFlow } from "../support/flow.ts";
import { newFolder } from "../support/folders.ts";
import { damagingProxy } from "../support/network/damaging-proxy.ts";
import { FaultProxy } from "../support/network/fault-proxy.ts";
import { type Answer, type Script, scriptedPeer } from "../support/network/scripted-peer.ts";
import { freePort } from "../support/node-red.ts";

const STREAM = "FDSN:XX_TEST_00_S_O_H/JSON";
/** What Node-RED gives a node to close. */
const CLOSE_LIMIT_MS = 15_000;

describe("complaints", () => {
  let flow: Flow | undefined;
  let userDir: string;

  beforeEach(async () => {
    userDir = newFolder();
  });
  afterEach(async () => {
    await flow?.stop();
    flow = undefined;
    await rm(userDir, { recursive: true, force: true });
  });

  const reader = (settings: object = {}) => ({
    id: "in",
    type: "datalink-in",
    version: 1,
    connection: "server",
    from: "earliest",
    resume: true,
    autoStart: true,
    commit: "send",
    wires: [["packets"], ["events"]],
    ...settings,
  });
  const writer = (settings: object = {}) => ({
    id: "out",
    type: "datalink-out",
    version: 1,
    connection: "server",
    streamId: STREAM,
    ack: true,
    wires: [["written"]],
    ...settings,
  });
  const asker = (settings: object = {}) => ({
    id: "info",
    type: "datalink-info",
    version: 1,
    connection: "server",
    request: "status",
    wires: [["answers"]],
    ...settings,
  });

  async function start(
    url: string,
    nodes: object[] = [reader(), writer(), asker()],
    connection: object = {},
    credentials: object = {},
  ): Promise<Flow> {
    const helpers = ["packets", "events", "written", "answers", "errors"];
    flow = await startFlow(
      [datalinkConnection, datalinkIn, datalinkOut, datalinkInfo],
      [
        {
          id: "server",
          type: "datalink-connection",
          version: 1,
          address: url,
          auth: "none",
          timeout: "5",
          ...connection,
        },
        ...(nodes as Record<string, unknown>[]),
        { id: "catch", type: "catch", scope: null, wires: [["errors"]] },
        ...helpers.map((id) => ({ id, type: "helper", wires: [] })),
      ],
      { userDir, credentials, settings: { nodeCloseTimeout: CLOSE_LIMIT_MS } },
    );
    return flow;
  }

  async function stop(): Promise<void> {
    await flow?.stop();
    flow = undefined;
  }

  const isGreen = ({ fill }: { fill?: string }) => fill === "green";
  const isRed = ({ fill }: { fill?: string }) => fill === "red";

  interface EventPayload {
    code: string;
    attempt: number;
    retryIn: number;
    message: string;
  }

  /** What the next event of one of these kinds says. */
  async function event(...topics: string[]): Promise<EventPayload> {
    for (;;) {
      const msg = await flow!.inbox("events").next();
      if (topics.includes(msg.topic as string)) return msg.payload as EventPayload;
    }
  }

  function fill(server: DataLinkServer, first: number, last: number): void {
    for (let n = first; n <= last; n++) {
      server.write({ streamId: STREAM, dataStart: n * 1e6, payload: String(n) });
    }
  }

  const payloads = (messages: Message[]) => messages.map(({ payload }) => payload);

  /** Resolves when it is so; what is never so ends with the test's time. */
  async function eventually(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Waits that keep the process: retries among them. */
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

  it("a retry that is pending ends with the deploy, and no client of the old one competes", async () => {
    const port = await freePort();
    const before = timers();
    const old = await start(`127.0.0.1:${port}`, undefined, { clientName: "old" });
    await Promise.all([old.status("in", isRed), old.status("out", isRed)]);
    assert.ok(timers() >= before + 2, "two retries are pending");
    await stop();
    assert.ok(timers() <= before, "a retry is still pending");
    const events = recordEvents<DataLinkServerEvent>();
    await using server = await DataLinkServer.listen({ port, onEvent: events.onEvent });
    fill(server, 1, 1);
    const { inbox, node } = await start(server.url, undefined, { clientName: "new" });
    await inbox("packets").next();
    node("out").receive({ payload: {} });
    await inbox("written").next();
    const names = events.all.filter(({ type }) => type === "identified").map((it) => it.client!.clientId);
    assert.equal(names.length, 2);
    assert.ok(
      names.every((name) => name.startsWith("new:")),
      names.join(),
    );
  });

  it("stops and starts right behind one another leave one connection, and repeat nothing", async () => {
    const events = recordEvents<DataLinkServerEvent>();
    await using server = await DataLinkServer.listen({ port: 0, onEvent: events.onEvent });
    const { inbox, node } = await start(server.url, [reader()]);
    fill(server, 1, 10);
    assert.deepEqual(
      payloads(await inbox("packets").take(10)),
      Array.from({ length: 10 }, (_, n) => n + 1),
    );
    for (let n = 0; n < 10; n++) {
      node("in").receive({ topic: "stop" });
      node("in").receive({ topic: "start" });
    }
    fill(server, 11, 12);
    assert.deepEqual(payloads(await inbox("packets").take(2)), [11, 12]);
    await eventually(() => server.status.clients === 1 && events.count("connected") > 1);
  });

  it("a packet that cannot be read makes no loop that spins: it is asked for less and less often, and told of", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    fill(server, 1, 5);
    await using damaging = await damagingProxy(
      () => server.port,
      (id) => id === "3",
    );
    const { inbox, node, status } = await start(damaging.url, [reader()]);
    assert.deepEqual(payloads(await inbox("packets").take(2)), [1, 2]);
    let told = await event("disconnected");
    for (let attempt = 1; attempt < 3; attempt++) told = await event("disconnected");
    assert.deepEqual([told.code, told.attempt >= 2], ["PROTOCOL", true]);
    assert.match(told.message, /What the server sends behind packet 2 cannot be read/);
    assert.ok(told.retryIn >= 250 * 2 ** (told.attempt - 1), `${told.retryIn} ms`);
    await status("in", isRed);
    node("in").receive({ topic: "position", payload: "1970-01-01T00:00:04Z" });
    assert.deepEqual(payloads(await inbox("packets").take(2)), [4, 5]);
  });

  describe("a proxy that accepts and drops does not make it spin, nor flood the log", () => {
    /** Each wait is twice as long as the last one, but for chance. */
    async function waitsGrow(attempts: number): Promise<void> {
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const { retryIn, ...told } = await event("disconnected");
        assert.equal(told.attempt, attempt);
        assert.ok(retryIn >= 250 * 2 ** (attempt - 1), `${retryIn} ms before attempt ${attempt}`);
      }
    }

    it("at once", async () => {
      const proxy = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
      await once(proxy, "listening");
      const { port } = proxy.address() as net.AddressInfo;
      const { warnings } = await start(`127.0.0.1:${port}`, [reader()]);
      await waitsGrow(3);
      assert.equal(warnings("in").length, 1, warnings("in").join("\n"));
      proxy.close();
    });

    it("after the handshake, until a packet has come", async () => {
      await using server = await DataLinkServer.listen({ port: 0 });
      await using proxy = await FaultProxy.listen(() => server.port);
      const { inbox, warnings, logs } = await start(proxy.url, [reader()]);
      for (let attempt = 1; attempt <= 3; attempt++) {
        await event("started");
        proxy.cut();
        const { retryIn } = await event("disconnected");
        assert.ok(retryIn >= 250 * 2 ** (attempt - 1), `${retryIn} ms before attempt ${attempt}`);
      }
      assert.deepEqual([warnings("in").length, logs("in").length], [1, 1]);
      await event("started");
      fill(server, 1, 1);
      await inbox("packets").next();
      proxy.cut();
      assert.equal((await event("disconnected")).attempt, 1);
    });
  });

  it("'connecting' ends in time where a peer accepts and never answers", async () => {
    const peer = net.createServer(() => {}).listen(0, "127.0.0.1");
    await once(peer, "listening");
    const { port } = peer.address() as net.AddressInfo;
    const { status, node, inbox } = await start(`127.0.0.1:${port}`, undefined, { timeout: "0.2" });
    assert.equal((await event("disconnected")).code, "TIMEOUT");
    await Promise.all([status("in", isRed), status("out", isRed)]);
    node("info").receive({});
    assert.equal((await inbox("errors").next()).error.code, "TIMEOUT");
    await stop();
    peer.close();
  });

  it("'connected' ends in time where the cable is gone: an idle server is asked whether it is there", async () => {
    let isCut = false;
    const script: Script = ({ words }) => {
      if (isCut) return "";
      if (words[0] === "INFO") return encodeInfo("STATUS", "<DataLink><Status/></DataLink>");
      return words[0] === "ID" ? undefined : [];
    };
    await using peer = await scriptedPeer(script);
    const events = recordEvents<SubscriptionEvent>();
    await using packets = subscribe(peer.url, {
      keepAlive: 20,
      timeout: 100,
      onEvent: events.onEvent,
      from: "earliest",
    });
    const next = packets.next();
    await events.wait("started");
    await peer.heard("ID", 3);
    isCut = true;
    const { error } = await events.wait("disconnected");
    assert.equal(error.code, "TIMEOUT");
    await packets.close();
    assert.equal((await next).done, true);
  });

  it("the status is green again after an error, as soon as it works", async () => {
    const first = await DataLinkServer.listen({ port: 0 });
    const { port, url } = first;
    const { status } = await start(url, [reader(), writer()]);
    const both = (fits: typeof isRed) => Promise.all([status("in", fits), status("out", fits)]);
    await both(isGreen);
    await first.close();
    await both(isRed);
    await using second = await DataLinkServer.listen({ port });
    await eventually(() => ["in", "out"].every((id) => isGreen(flow!.statuses(id).at(-1)!)));
    assert.equal(second.status.clients, 2);
  });

  it("the status is not green before the login has succeeded", async () => {
    const access = {
      rules: [{ from: ["127.0.0.0/8"], write: true }],
      users: [{ name: "ringo", password: "right", write: true }],
    };
    await using server = await DataLinkServer.listen({ port: 0, access });
    const { status, statuses } = await start(
      server.url,
      [reader(), writer()],
      { auth: "password" },
      { server: { user: "ringo", password: "wrong" } },
    );
    for (const id of ["in", "out"]) {
      await status(id, isRed);
      assert.match(statuses(id).at(-1)!.text!, /\.refused$/);
      assert.deepEqual(statuses(id).filter(isGreen), []);
    }
    assert.equal((await event("refused")).code, "NOT_PERMITTED");
  });

  it("messages wait while there is no connection, up to a limit, and fail above it", async () => {
    const port = await freePort();
    const { node, inbox, status } = await start(`127.0.0.1:${port}`, [writer({ maxWaiting: "0.001" })]);
    await status("out", isRed);
    for (const payload of ["1", "2", "3", "4", "5"]) node("out").receive({ payload });
    const { error, payload } = await inbox("errors").next();
    assert.deepEqual([error.code, payload], ["QUEUE_FULL", "5"]);
    await using server = await DataLinkServer.listen({ port });
    assert.deepEqual(payloads(await inbox("written").take(4)), ["1", "2", "3", "4"]);
    assert.equal(server.status.packets, 4);
  });

  it("messages that have arrived when a deploy begins are written", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    const { node, status } = await start(server.url, [writer({ maxInFlight: "2" })]);
    await status("out", isGreen);
    const arrived = new Promise<void>((resolve) => {
      let count = 0;
      node("out").on("input", () => {
        if (++count === 100) resolve();
      });
    });
    for (let n = 0; n < 100; n++) node("out").receive({ payload: String(n) });
    await arrived;
    await stop();
    assert.equal(server.status.packets, 100);
  });

  describe("a deploy does not wait for a peer that hangs", () => {
    const cases: [string, Answer][] = [
      ["while connecting", ""],
      ["after the handshake", undefined],
    ];
    for (const [when, answer] of cases) {
      it(when, async () => {
        await using peer = await scriptedPeer(({ words }) => (words[0] === "ID" ? answer : ""));
        const { node } = await start(peer.url, undefined, { timeout: "600" });
        if (answer === undefined) node("out").receive({ payload: "1" });
        node("info").receive({});
        await peer.heard("ID", 3);
        const begun = performance.now();
        await stop();
        assert.ok(performance.now() - begun < CLOSE_LIMIT_MS / 2);
      });
    }
  });

  it("no session stays behind at the server, however often it is deployed", async () => {
    const events = recordEvents<DataLinkServerEvent>();
    await using server = await DataLinkServer.listen({ port: 0, onEvent: events.onEvent });
    for (let deploys = 1; deploys <= 4; deploys++) {
      const { node, inbox } = await start(server.url);
      node("info").receive({});
      await inbox("answers").next();
      await eventually(() => events.count("identified") === 3 * deploys);
      assert.equal(server.status.clients, 3);
      await stop();
      await eventually(() => events.count("closed") === 3 * deploys);
    }
    assert.equal(server.status.clients, 0);
  });

  describe("one bad reply takes down nothing", () => {
    const bad: [what: string, reply: Buffer | string][] = [
      ["garbage", "HTTP/1.1 400 Bad Request\r\n\r\n"],
      ["nonsense in a frame", encodeFrame("\u0000\u0001 what?")],
      ["a size beyond all measure", encodeFrame("INFO STATUS 99999999999999")],
      ["a reply to something else", encodeFrame("ENDSTREAM")],
      ["XML that is none", encodeInfo("STATUS", "<DataLink><Status")],
      ["XML of something else", encodeInfo("STATUS", '<rss version="2.0"><channel/></rss>')],
    ];
    for (const [what, reply] of bad) {
      it(what, async () => {
        const unhandled: unknown[] = [];
        const note = (reason: unknown) => unhandled.push(reason);
        process.on("unhandledRejection", note);
        try {
          await using peer = await scriptedPeer(({ words }) => (words[0] === "ID" ? undefined : reply));
          const { node, inbox } = await start(peer.url);
          node("info").receive({});
          const { error } = await inbox("errors").next();
          assert.match(error.code!, /^(PROTOCOL|TOO_LARGE)$/);
          assert.match(error.message, /\w \w/);
          assert.match((await event("disconnected", "refused")).code, /^(PROTOCOL|TOO_LARGE)$/);
          await stop();
        } finally {
          process.off("unhandledRejection", note);
        }
        assert.deepEqual(unhandled, []);
      });
    }
  });

  it("a Catch node gets every failure of a message, with a code and the reason", async () => {
    const access = { rules: [{ from: ["127.0.0.0/8"], write: false }] };
    await using server = await DataLinkServer.listen({ port: 0, access });
    const lost = { id: "lost", type: "datalink-out", version: 1, connection: "", wires: [[]] };
    const { node, inbox } = await start(server.url, [writer(), asker(), lost]);
    const failures: [string, Record<string, unknown>, code: string, reason: RegExp][] = [
      ["out", { payload: "1", mark: 1 }, "NOT_PERMITTED", /does not allow this client to write/],
      ["out", { payload: undefined, mark: 2 }, "INVALID_MESSAGE", /msg\.payload is empty/],
      ["info", { request: "packet", payload: "77", mark: 3 }, "PACKET_NOT_FOUND", /refused READ 77/],
      ["info", { request: "weather", mark: 4 }, "INVALID_MESSAGE", /give one of id/],
      ["lost", { payload: "1", mark: 5 }, "INVALID_SETTING", /No server is chosen/],
    ];
    for (const [id, msg, code, reason] of failures) {
      node(id).receive(msg);
      const caught = (await inbox("errors").next()) as Message & { mark: number };
      assert.equal(caught.mark, msg.mark);
      assert.equal(caught.error.code, code);
      assert.match(caught.error.message, reason);
    }
  });

  it("log and events say in words which server it is, what failed, and what happens next", async () => {
    const server = await DataLinkServer.listen({ port: 0 });
    await using proxy = await FaultProxy.listen(() => server.port);
    const { warnings } = await start(proxy.url, [reader(), writer()], { timeout: "0.3" });
    await event("started");
    proxy.cut();
    await event("disconnected");
    await server.close();
    const { message } = await event("disconnected");
    for (const sentence of [message, ...warnings("in"), ...warnings("out")]) {
      assert.ok(sentence.includes(proxy.url), sentence);
      assert.match(sentence, /(lost|Cannot connect|no answer).*\. Next attempt in \d+\.\d s\.$/);
      assert.doesNotMatch(
        sentence,
        /\bE[A-Z]{4,}\b|undefined|null|NaN|\[object|socket hang|_|FSM|state/,
        sentence,
      );
    }
    assert.ok(warnings("in").length > 0);
  });

  it("statuses come at most once a second, and only when they change", async () => {
    const shown: { text: string; at: number }[] = [];
    let text = "one";
    const node = {
      status: (status: { text?: string }) => shown.push({ text: status.text ?? "", at: performance.now() }),
    };
    const line = new StatusLine(node as never, () => ({ text }));
    const until = (count: number) =>
      new Promise<void>((resolve) => {
        const timer = setInterval(() => {
          if (shown.length < count) return;
          clearInterval(timer);
          resolve();
        }, 5);
      });
    // Shortly before the timer of the line would look by itself.
    await new Promise((resolve) => setTimeout(resolve, 700));
    line.update();
    await until(1);
    text = "two";
    line.update();
    await until(2);
    for (let n = 0; n < 100; n++) line.update();
    text = "three";
    await until(3);
    line.close();
    assert.deepEqual(
      shown.map((status) => status.text),
      ["one", "two", "three", ""],
    );
    for (const [i, { at }] of shown.slice(1, 3).entries()) {
      assert.ok(at - shown[i]!.at > 900, `${at - shown[i]!.at} ms after the last one`);
    }
  });

  it("no field that is checked calls an environment variable invalid", () => {
    const checked: string[] = [];
    for (const [type, { defaults }] of definitions()) {
      for (const [property, { validate, value }] of Object.entries(defaults)) {
        // What is not typed but chosen from a list cannot hold one.
        if (!validate || Array.isArray(value)) continue;
        const settings = Object.fromEntries(Object.entries(defaults).map(([name, it]) => [name, it.value]));
        for (const from of ["time", "packet"]) {
          // biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED's notation
          const answer: unknown = validate.call({ ...settings, from, type }, "${SOME_NAME}");
          assert.equal(answer, true, `${type}: ${property}`);
        }
        checked.push(property);
      }
    }
    for (const property of ["address", "port", "maxInFlight", "fromTime", "match", "pattern", "seconds"]) {
      assert.ok(checked.includes(property), property);
    }
  });
});

/** Rows that tests elsewhere answer. */
const ELSEWHERE: [row: string, file: string, title: string][] = [
  [
    "last user gone, asynchronous disconnect races with re-register on deploy",
    "slow/deploys.spec.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as in that file
    "lose and repeat none, with commit on ${commit}",
  ],
  [
    "poison message: reconnect loop for ever",
    "datalink/writer.spec.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as in that file
    "gives up a packet at which it does so again and again, and takes others (${end})",
  ],
  [
    "poison message: none is given up for another reason",
    "datalink/writer.spec.ts",
    "gives up none because of a network that cuts connections",
  ],
  ["stuck connecting", "datalink/client.spec.ts", "a server that never answers"],
  ["connected after cable loss", "datalink/client.spec.ts", "a server that stops answering"],
  [
    "connected after cable loss",
    "slow/complaints.spec.ts",
    "is not green for minutes after the peer has fallen silent",
  ],
  [
    "queue thrown away, queue freezes",
    "nodes/datalink.spec.ts",
    "waits for the server, and writes then what waited",
  ],
  [
    "queue thrown away, queue freezes",
    "datalink/writer.spec.ts",
    "sends again, in order, what was not acknowledged when the connection was lost",
  ],
  [
    "in-flight messages cut off at deploy",
    "nodes/datalink.spec.ts",
    "moves its position only past what the chosen node has finished, and delivers the rest again",
  ],
  [
    "EADDRINUSE crashes",
    "nodes/datalink-server.spec.ts",
    "shows that its port is in use, and lets the flow stop",
  ],
  ["EADDRINUSE blocks redeploy", "slow/complaints.spec.ts", "has its port again after every deploy"],
  [
    "one bad reply takes down all",
    "datalink/frame.spec.ts",
    "refuses what is not DataLink at its first byte, and a size over the limit before its bytes",
  ],
  [
    "memory grows without bound",
    "nodes/datalink.spec.ts",
    "bounds how many packets are in a slow flow, and delivers them all",
  ],
  [
    "memory grows without bound",
    "datalink/subscribe.spec.ts",
    "does not read the socket while nobody takes packets",
  ],
  [
    "memory grows without bound",
    "datalink/writer.spec.ts",
    "keeps packets while there is no server, and no more than it may",
  ],
  [
    "memory grows without bound",
    "slow/delivery.spec.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as in that file
    "keeps its memory for ${SLOW_SECONDS} s while its end is slow, and loses nothing",
  ],
  [
    "errors not catchable",
    "nodes/datalink.spec.ts",
    "fails a message that cannot be written, with a sentence",
  ],
  [
    "errors not catchable",
    "nodes/datalink-info.spec.ts",
    "fails a message with a sentence: no such packet, an odd request, no server",
  ],
  ["editor slow from status floods", "nodes/waveform.spec.ts", "draws at most four times a second"],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: Node-RED's notation
  ["${PORT} flagged invalid", "nodes/datalink-server.spec.ts", "takes its port from an environment variable"],
];

describe("complaints that tests elsewhere answer", () => {
  it("name tests that are there", () => {
    for (const [row, file, title] of ELSEWHERE) {
      const text = readFileSync(path.join(__dirname, "..", file), "utf8");
      const isThere = ['"', "`"].some((quote) => text.includes(`it(${quote}${title}${quote}, `));
      assert.ok(isThere, `${row}: ${file} has no test "${title}"`);
    }
  });
});

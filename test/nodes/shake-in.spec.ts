// nodes/shake-in.ts against a simulated Raspberry Shake: its datagrams, with all that UDP does to them.
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readRecords } from "../../lib/mseed/index.ts";
import mseedEncode from "../../nodes/mseed-encode.ts";
import shakeIn from "../../nodes/shake-in.ts";
import { type Flow, type Message, startFlow } from "../support/flow.ts";

interface Payload {
  sourceId: string;
  startTime: string;
  endTime: string;
  sampleRate: number;
  sampleCount: number;
  encoding: string;
  samples: Int32Array;
}

const START = 1_700_000_000;
const payloadOf = (msg: Message) => msg.payload as Payload;

describe("shake in", () => {
  let flow: Flow;
  let shake: Socket;
  let port: number;

  beforeEach(async () => {
    shake = createSocket("udp4");
    const probe = createSocket("udp4");
    probe.bind(0, "127.0.0.1");
    await once(probe, "listening");
    port = probe.address().port;
    probe.close();
    await once(probe, "close");
  });
  afterEach(async () => {
    await flow.stop();
    shake.close();
  });

  async function start(settings: object = {}, nodes: Record<string, unknown>[] = []): Promise<void> {
    flow = await startFlow(
      [shakeIn, mseedEncode],
      [
        {
          id: "in",
          type: "shake-in",
          version: 1,
          station: "R3BCF",
          location: "00",
          host: "127.0.0.1",
          port,
          wires: [["out"]],
          ...settings,
        },
        { id: "out", type: "helper", wires: [] },
        ...nodes,
      ],
    );
  }

  const send = (text: string) =>
    new Promise<void>((resolve, reject) =>
      shake.send(text, port, "127.0.0.1", (error) => (error ? reject(error) : resolve())),
    );

  /** The n-th quarter of a second. */
  const quarter = (n: number, channel = "EHZ") => {
    const samples = Array.from({ length: 25 }, (_, i) => 25 * n + i);
    return send(`{'${channel}', ${(START + n / 4).toFixed(3)}, ${samples.join(", ")}}`);
  };

  it("sends what mseed decode would, a second at a time", async () => {
    await start();
    for (let n = 0; n < 4; n++) await quarter(n);
    const msg = await flow.inbox("out").next();
    assert.equal(msg.topic, "FDSN:AM_R3BCF_00_E_H_Z");
    const { samples, ...rest } = payloadOf(msg);
    assert.deepEqual(rest, {
      sourceId: "FDSN:AM_R3BCF_00_E_H_Z",
      ...{ network: "AM", station: "R3BCF", location: "00", channel: "EHZ" },
      startTime: "2023-11-14T22:13:20Z",
      endTime: "2023-11-14T22:13:20.99Z",
      ...{ sampleRate: 100, sampleCount: 100, encoding: "int32" },
    });
    assert.deepEqual(
      samples,
      Int32Array.from({ length: 100 }, (_, i) => i),
    );
    await flow.status("in", ({ text }) => /^EHZ \S+\/s$/.test(text ?? ""));
  });

  it("keeps a gap where datagrams are lost, and sends what waits in vain", async () => {
    await start();
    for (const n of [0, 1, 3, 4, 4, 5, 6]) await quarter(n);
    const parts = (await flow.inbox("out").take(2)).map(payloadOf);
    assert.deepEqual(
      parts.map(({ startTime, sampleCount }) => [startTime.slice(17), sampleCount]),
      [
        ["20Z", 50],
        ["20.75Z", 100],
      ],
    );
    await quarter(7);
    const { sampleCount } = payloadOf(await flow.inbox("out").next());
    assert.equal(sampleCount, 25);
    await flow.status("in", ({ text }) => /shake-in\.status\.missing/.test(text ?? ""));
  });

  it("sends what it has collected when it is stopped", async () => {
    await start({ seconds: "10" });
    await quarter(0);
    await quarter(1);
    // One datagram is on its way, the other has been heard of.
    await flow.status("in", ({ text }) => /^EHZ /.test(text ?? ""));
    const out = flow.inbox("out");
    await (flow.node("in") as unknown as { close(removed: boolean): Promise<void> }).close(false);
    assert.ok(payloadOf(await out.next()).sampleCount >= 25);
  });

  it("goes through mseed encode into full records", async () => {
    await start({ wires: [["encode"]] }, [
      {
        id: "encode",
        type: "mseed-encode",
        version: 1,
        fill: "full",
        formatVersion: "2",
        encoding: "steim2",
        wires: [["out"]],
      },
    ]);
    for (let n = 0; n < 120; n++) await quarter(n);
    const record = [...readRecords((await flow.inbox("out").next()).payload as Buffer)][0]!;
    assert.equal(record.sourceId.text, "FDSN:AM_R3BCF_00_E_H_Z");
    assert.ok(record.sampleCount > 600, `${record.sampleCount} samples`);
  });

  it("says what cannot be used once a minute, and takes the rest", async () => {
    await start();
    for (const text of ["GET / HTTP/1.1", "{'EHZ', soon, 1}", "nonsense", "ALARM 2020", "{'EHZ', now, 1}"])
      await send(text);
    for (let n = 0; n < 4; n++) await quarter(n);
    assert.equal(payloadOf(await flow.inbox("out").next()).sampleCount, 100);
    const warnings = flow.warnings("in");
    assert.deepEqual(
      [warnings.length, /is not a datagram/.test(warnings[0]!), /is not a time/.test(warnings[1]!)],
      [2, true, true],
    );
  });

  it("takes nothing from others where senders are named", async () => {
    await start({ allow: "192.0.2.7" });
    for (let n = 0; n < 4; n++) await quarter(n);
    while (flow.warnings("in").length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.match(flow.warnings("in")[0]!, /127\.0\.0\.1, which is not in "Only from"/);
    assert.equal(flow.inbox("out").size, 0);
  });

  it("tells which address and port to enter when nothing comes, once, and that data are there again", async () => {
    const now = performance.now.bind(performance);
    let ahead = 0;
    performance.now = () => now() + ahead;
    try {
      await start();
      await flow.status("in", ({ text }) => /status\.listening/.test(text ?? ""));
      ahead = 11_000;
      await flow.status("in", ({ text }) => /status\.silent/.test(text ?? ""));
      assert.equal(flow.warnings("in").length, 1);
      assert.match(
        flow.warnings("in")[0]!,
        new RegExp(
          `DATACAST, and enter this computer's address, 127\\.0\\.0\\.1, as host and ${port} as port`,
        ),
      );
      await quarter(0);
      await flow.status("in", ({ text }) => /^EHZ/.test(text ?? ""));
    } finally {
      performance.now = now;
    }
  });

  it("says that its port is taken, and listens when it is free", async () => {
    const other = createSocket("udp4");
    other.bind(port, "127.0.0.1");
    await once(other, "listening");
    await start();
    await flow.status("in", ({ text }) => /status\.failed/.test(text ?? ""));
    assert.match(flow.warnings("in")[0]!, /is used by another program or node/);
    other.close();
    await once(other, "close");
    const now = performance.now.bind(performance);
    performance.now = () => now() + 6000;
    try {
      await flow.status("in", ({ text }) => /status\.listening/.test(text ?? ""));
    } finally {
      performance.now = now;
    }
  });

  it("refuses settings that make no stream id", async () => {
    for (const settings of [
      { station: "" },
      { station: "A_B" },
      { network: "../" },
      { port: "x" },
      { rate: "0" },
    ]) {
      await start(settings);
      assert.equal(flow.errors("in").length, 1, JSON.stringify(settings));
      await flow.stop();
    }
    await start();
  });
});

// nodes/runtime/connection-status.ts: what a node shows of its connection, and how often the log hears of the same trouble.
import assert from "node:assert/strict";
import { mock } from "node:test";
import type { Node, NodeAPI } from "node-red";
import { WrongServer } from "../../../lib/net/other-server/wrong-server.ts";
import { type ConnectionEvent, ConnectionStatus } from "../../../nodes/runtime/connection-status.ts";

type Event = ConnectionEvent & { sentence?: string };

describe("the status of a connection", () => {
  let now: number;
  let told: string[];
  let connection: ConnectionStatus<Event>;
  beforeEach(() => {
    now = 1000;
    mock.method(performance, "now", () => now);
    told = [];
    const RED = { _: (key: string, values?: object) => [key, ...Object.values(values ?? {})].join(" ") };
    const node = {
      type: "datalink-in",
      log: (text: string) => told.push(`log ${text}`),
      warn: (text: string) => told.push(`warn ${text}`),
    };
    connection = new ConnectionStatus<Event>(
      RED as unknown as NodeAPI,
      node as unknown as Node,
      ({ type, sentence }) => sentence ?? type,
    );
  });
  afterEach(() => mock.restoreAll());

  const server = "here";
  const note = (...events: object[]) => {
    for (const event of events) connection.note({ server, ...event } as Event);
  };
  const lost = (type: "disconnected" | "refused", retryIn: number, more: object = {}) => ({
    ...{ type, retryIn, error: new Error("reset"), ...more },
  });
  const shown = () => {
    const { fill, text } = connection.status() as { fill: string; text: string };
    return `${fill} ${text.replace("datalink-in.status.", "")}`;
  };

  it("is that it connects, until it is connected", () => {
    assert.equal(shown(), "yellow connecting");
    assert.equal(connection.isConnected, false);
    note({ type: "connected" });
    assert.equal(connection.isConnected, true);
    note({ type: "started" });
    assert.equal(connection.isConnected, true);
    assert.deepEqual(told, []);
  });

  it("counts the seconds to the next attempt, which then goes on", () => {
    for (const [type, word] of [
      ["disconnected", "retry"],
      ["refused", "refused"],
    ] as const) {
      note(lost(type, 2500));
      assert.equal(connection.isConnected, false);
      assert.equal(shown(), `red ${word} 3`);
      now += 500;
      assert.equal(shown(), `red ${word} 2`);
      now += 1999;
      assert.equal(shown(), `red ${word} 1`);
      now += 1;
      assert.equal(shown(), "yellow connecting");
      note({ type: "connected" });
    }
  });

  it("is what is wrong with a server that is another one, until it is not", () => {
    const error = new Error("no answer", { cause: new WrongServer("tls", "wants TLS") });
    note(lost("disconnected", 5000, { error }));
    assert.equal(shown(), "red wrong-tls");
    note({ type: "connected" }, lost("disconnected", 5000));
    assert.equal(shown(), "red retry 5");
  });

  it("counts the seconds without an answer, and forgets them with one, or with the connection", () => {
    note({ type: "connected" }, { type: "stalled", seconds: 30 });
    assert.equal(connection.isConnected, false);
    assert.equal(shown(), "red silent 30");
    now += 1500;
    assert.equal(shown(), "red silent 32");
    note({ type: "stalled", seconds: 40 });
    assert.equal(shown(), "red silent 40");
    assert.deepEqual(told, ["warn stalled"]);
    note({ type: "recovered", seconds: 41 });
    assert.equal(connection.isConnected, true);
    note({ type: "recovered", seconds: 41 });
    assert.deepEqual(told, ["warn stalled", "log recovered"]);
    for (const over of [{ type: "connected" }, lost("disconnected", 5000)]) {
      note({ type: "connected" }, { type: "stalled", seconds: 30 }, over);
      assert.doesNotMatch(shown(), /silent/);
    }
  });

  it("is logged once a minute for the same trouble, whenever the next attempt is, and when it is over", () => {
    const sentence = (text: string, seconds: number) => ({
      sentence: `${text} Next attempt in ${seconds} s.`,
    });
    note(lost("disconnected", 1000, sentence("It was reset.", 1)));
    note({ type: "connected" });
    assert.deepEqual(told, ["warn It was reset. Next attempt in 1 s.", "log connected"]);
    told.length = 0;
    note({ type: "connected" });
    now += 59_999;
    note(lost("disconnected", 2000, sentence("It was reset.", 2)), { type: "connected" });
    assert.deepEqual(told, []);
    note(lost("disconnected", 2000, sentence("It has ended.", 2)));
    assert.deepEqual(told, ["warn It has ended. Next attempt in 2 s."]);
    told.length = 0;
    now += 1;
    note(lost("disconnected", 2000, sentence("It was reset.", 4)), { type: "started" });
    assert.deepEqual(told, ["warn It was reset. Next attempt in 4 s.", "log started"]);
  });

  it("tells of what may be lost each time, and of what is missing once a minute", () => {
    const each = ["gap", "position-damaged", "inexact", "unreadable"];
    for (const type of each) note({ type }, { type });
    assert.deepEqual(
      told,
      each.flatMap((type) => [`warn ${type}`, `warn ${type}`]),
    );
    told.length = 0;
    note({ type: "resumed" }, { type: "resumed", idsBetween: 0n }, { type: "resumed", idsBetween: 5n });
    note(
      { type: "missing" },
      { type: "missing" },
      { type: "ended" },
      { type: "packet-refused" },
      { type: "scanned" },
    );
    assert.deepEqual(told, ["warn resumed", "warn missing"]);
  });
});

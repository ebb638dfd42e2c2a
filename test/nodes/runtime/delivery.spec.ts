// nodes/runtime/delivery.ts and flow-watch.ts, with hooks of our own: what is in the flow, what a deploy loses of it, and how
// long it is waited for.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { Turns } from "../../../lib/subscription/turns.ts";
import { Delivery, type DeliverySettings } from "../../../nodes/runtime/delivery.ts";
import { FlowWatch } from "../../../nodes/runtime/flow-watch.ts";

type Hook = (event: object) => void;

/** Node-RED's hooks and events, called by the test. */
function fakeRuntime() {
  const hooks = new Map<string, Hook>();
  const listeners = new Map<string, () => void>();
  const watch = new FlowWatch({
    hooks: {
      add: (name: string, hook: Hook) => hooks.set(name.split(".")[0]!, hook),
      remove: (name: string) => {
        const hook = name.split(".")[0]!;
        if (hook === "*") hooks.clear();
        else hooks.delete(hook);
      },
    },
    events: { on: (name: string, hear: () => void) => listeners.set(name, hear), off: () => {} },
    nodes: { getNode: () => null },
    log: { error: (message: string) => assert.fail(message) },
  } as never);
  const tell = (name: string, event: object) => hooks.get(name)?.(event);
  return { watch, tell, happen: (name: string) => listeners.get(name)!() };
}

const ON_SEND: DeliverySettings = {
  nodes: undefined,
  onError: "continue",
  unreached: "wait",
  maxInFlight: 3,
};

describe("delivery of packets to the flow", () => {
  let names = 0;
  afterEach(() => mock.restoreAll());

  function start(
    settings: Partial<DeliverySettings> = {},
    runtime = fakeRuntime(),
    turns = new Turns(),
    fail: (packet: string, error: Error) => void = (_packet, error) => assert.fail(error),
    bytesOf: (n: number) => number = () => 100,
  ) {
    const sent: { packet: string; msg: { _msgid: string } }[] = [];
    const committed: string[] = [];
    let ids = 0;
    const name = ++names;
    /** How a packet leaves the node: by default to a node that never finishes with it. */
    let onSend = (msg: { _msgid: string }): void => runtime.tell("preDeliver", { msg });
    const delivery = new Delivery<string>(
      runtime.watch,
      { ...ON_SEND, ...settings },
      {
        send(packet, _msgid) {
          const msg = { _msgid };
          sent.push({ packet, msg });
          onSend(msg);
          return bytesOf(sent.length - 1);
        },
        commit: (packet) => committed.push(packet),
        fail,
        newId: () => `${name}-${++ids}`,
        error: (message) => assert.fail(message),
      },
      turns,
    );
    const sending = (how: typeof onSend) => {
      onSend = how;
    };
    return { ...runtime, delivery, sent, committed, sending };
  }

  it("waits for a node that never finishes, while packets count when sent, 30 seconds and no longer", () => {
    let now = performance.now();
    mock.method(performance, "now", () => now);
    const { delivery, committed } = start();
    for (const packet of ["a", "b", "c"]) {
      assert.ok(!delivery.mustWait);
      delivery.deliver(packet);
      now += 10;
    }
    assert.deepEqual(committed, ["a", "b", "c"]);
    for (const seconds of [1, 2, 10, 16]) {
      now += seconds * 1000;
      delivery.tick();
      assert.ok(delivery.mustWait, `after ${seconds} s more`);
    }
    now += 1000;
    delivery.tick();
    assert.ok(!delivery.mustWait);
    delivery.leave();
  });

  it("waits for chosen nodes however long they take", () => {
    let now = performance.now();
    mock.method(performance, "now", () => now);
    const { delivery, committed, tell, sent } = start({ nodes: new Set(["writer"]) });
    for (const packet of ["a", "b", "c"]) delivery.deliver(packet);
    now += 3_600_000;
    delivery.tick();
    assert.ok(delivery.mustWait);
    assert.deepEqual(committed, []);
    tell("onReceive", { msg: sent[1]!.msg, destination: { node: { id: "writer", _inputCallback: true } } });
    tell("onComplete", { msg: sent[1]!.msg, node: { id: "writer" } });
    assert.deepEqual(committed, ["b"]);
    assert.ok(!delivery.mustWait);
    delivery.leave();
  });

  describe("of a packet that has left the flow", () => {
    let now = 0;
    beforeEach(() => {
      // Whole milliseconds, which add up exactly.
      now = 1_000_000;
      mock.method(performance, "now", () => now);
    });

    /** A node takes the message, and is done with it. */
    function pass({ tell, sent }: ReturnType<typeof start>, which: number, id: string, error?: Error): void {
      const { msg } = sent[which]!;
      tell("onReceive", { msg, destination: { node: { id, _inputCallback: true } } });
      tell("onComplete", { msg, node: { id }, error });
    }

    it("without the chosen nodes waits, and tells of it after ten seconds", () => {
      const it = start({ nodes: new Set(["writer"]) });
      const { delivery, committed } = it;
      for (const packet of ["a", "b"]) delivery.deliver(packet);
      pass(it, 0, "filter");
      assert.deepEqual([committed, delivery.astray], [[], undefined]);
      now += 10_000;
      assert.equal(delivery.astray, undefined);
      now += 1;
      assert.equal(delivery.astray, "a");
      // A node that held it sends it on.
      it.tell("preDeliver", { msg: it.sent[0]!.msg });
      pass(it, 0, "writer");
      assert.deepEqual([committed, delivery.astray], [["a"], undefined]);
      delivery.leave();
    });

    it("counts when all its messages are through, of which some are one object at several nodes", () => {
      const it = start({ countsWithin: 5000 });
      const copies: { _msgid: string }[] = [];
      it.sending((msg) => {
        const copy = { ...msg };
        copies.push(msg, copy, copy);
        for (const each of copies) it.tell("preDeliver", { msg: each });
      });
      it.delivery.deliver("a");
      for (const [i, msg] of copies.entries()) {
        assert.deepEqual(it.committed, [], `after ${i}`);
        it.tell("onReceive", { msg, destination: { node: { id: "any", _inputCallback: true } } });
        it.tell("onComplete", { msg, node: { id: "any" } });
      }
      assert.deepEqual(it.committed, ["a"]);
      it.delivery.leave();
    });

    it("without the chosen nodes counts, where that is chosen", () => {
      const it = start({ nodes: new Set(["writer"]), unreached: "commit" });
      it.delivery.deliver("a");
      pass(it, 0, "filter");
      assert.deepEqual(it.committed, ["a"]);
      it.delivery.leave();
    });

    it("with an error counts, or stops, as is chosen", () => {
      const failed: string[] = [];
      for (const onError of ["continue", "stop"] as const) {
        const it = start({ nodes: new Set(["writer"]), onError }, undefined, undefined, (packet, error) =>
          failed.push(`${packet}: ${error.message}`),
        );
        for (const packet of ["a", "b", "c"]) it.delivery.deliver(packet);
        assert.ok(it.delivery.isFull);
        pass(it, 1, "writer", new Error("disk full"));
        assert.deepEqual(it.committed, onError === "continue" ? ["b"] : []);
        assert.ok(!it.delivery.isFull);
        pass(it, 2, "writer");
        assert.deepEqual(it.committed, onError === "continue" ? ["b", "c"] : []);
        it.delivery.leave();
      }
      assert.deepEqual(failed, ["b: disk full"]);
    });

    it("counts when the flow is through with it, or after the time it has, where it does not count when sent", () => {
      const it = start({ countsWithin: 5000 });
      for (const packet of ["a", "b"]) it.delivery.deliver(packet);
      assert.deepEqual(it.committed, []);
      pass(it, 1, "any");
      assert.deepEqual(it.committed, ["b"]);
      now += 4999;
      it.delivery.tick();
      assert.deepEqual(it.committed, ["b"]);
      now += 1;
      it.delivery.tick();
      it.delivery.tick();
      assert.deepEqual(it.committed, ["b", "a"]);
      it.delivery.leave();
    });

    it("is told of as holding up the others after a second in which none was sent", () => {
      const it = start();
      for (const packet of ["a", "b"]) it.delivery.deliver(packet);
      now += 5000;
      assert.deepEqual([it.delivery.isFull, it.delivery.isHeldUp], [false, false]);
      it.delivery.deliver("c");
      now += 1000;
      assert.deepEqual([it.delivery.isFull, it.delivery.isHeldUp], [true, false]);
      now += 1;
      assert.equal(it.delivery.isHeldUp, true);
      pass(it, 0, "any");
      assert.deepEqual([it.delivery.isFull, it.delivery.isHeldUp], [false, false]);
      it.delivery.leave();
    });
  });

  it("holds 64 MiB of messages, and one that is larger", () => {
    const MIB = 1024 * 1024;
    const sizes = [16, 16, 16, 15, 1, 100];
    const it = start({ maxInFlight: 100 }, undefined, undefined, undefined, (n) => sizes[n]! * MIB);
    for (let n = 0; n < 4; n++) it.delivery.deliver(`p${n}`);
    assert.equal(it.delivery.isFull, false);
    it.delivery.deliver("p4");
    assert.equal(it.delivery.isFull, true);
    it.delivery.clear();
    assert.equal(it.delivery.isFull, false);
    it.delivery.deliver("p5");
    assert.equal(it.delivery.isFull, true);
    it.tell("onReceive", {
      msg: it.sent[5]!.msg,
      destination: { node: { id: "any", _inputCallback: true } },
    });
    it.tell("onComplete", { msg: it.sent[5]!.msg, node: { id: "any" } });
    assert.equal(it.delivery.isFull, false);
    it.delivery.leave();
  });

  it("takes what was sent to a node that a deploy had stopped for lost, and sends it again when all are there", async () => {
    const { delivery, watch, sending, happen, tell, sent } = start();
    happen("flows:stopping");
    // Routed, and delivered to nobody.
    sending((msg) => tell("preRoute", { msg, source: { id: "in" } }));
    delivery.deliver("gone");
    assert.deepEqual(delivery.lost, []);
    watch.settleLost();
    assert.deepEqual(delivery.lost, ["gone"]);
    assert.ok(delivery.mustWait);
    sending((msg) => tell("preDeliver", { msg }));
    happen("flows:started");
    delivery.sendLostAgain();
    assert.deepEqual(
      sent.map(({ packet }) => packet),
      ["gone", "gone"],
    );
    assert.deepEqual(delivery.lost, []);
    delivery.leave();
  });

  it("takes what was sent to a node that is there while a deploy goes on for under way", () => {
    const { delivery, watch, sending, happen, tell } = start();
    happen("flows:stopping");
    sending((msg) => {
      const event = { msg, source: { id: "in" } };
      tell("preRoute", event);
      tell("preDeliver", event);
    });
    delivery.deliver("there");
    watch.settleLost();
    assert.deepEqual(delivery.lost, []);
    delivery.leave();
  });

  it("sends of several nodes' packets as many in a turn as take the same time in the flow, and of one alone all", async () => {
    let now = 1;
    mock.method(performance, "now", () => now);
    let due: (() => void)[] = [];
    const turns = new Turns({ now: () => now, later: (callback) => due.push(callback) });
    const runtime = fakeRuntime();
    const costs = [1, 0.01];
    const deliveries = costs.map((cost, i) => {
      const node = { id: `node-${i}`, _inputCallback: true };
      const it = start({ nodes: new Set([node.id]), maxInFlight: 10_000 }, runtime, turns);
      /** The flow takes a message in a later turn. */
      const inFlow: { _msgid: string }[] = [];
      it.sending((msg) => {
        runtime.tell("preDeliver", { msg });
        inFlow.push(msg);
      });
      const handle = () => {
        for (const msg of inFlow.splice(0)) {
          runtime.tell("onReceive", { msg, destination: { node } });
          now += cost;
          runtime.tell("onComplete", { msg, node });
          runtime.tell("postReceive", { msg, destination: { node } });
        }
      };
      return { ...it, handle };
    });
    const turn = (only = deliveries): number[] => {
      const callbacks = due;
      due = [];
      for (const callback of callbacks) callback();
      for (const { handle } of only) handle();
      return only.map(({ delivery }) => {
        let sent = 0;
        while (!delivery.mustWait && sent < 1000) {
          delivery.deliver(`p${sent}`);
          sent++;
        }
        return sent;
      });
    };
    for (let n = 0; n < 200; n++) turn();
    const [slow, fast] = turn();
    assert.ok(slow! >= 1 && slow! <= 3, `${slow} packets of 1 ms in a turn of 2`);
    // Of 0.01 ms, and what Node-RED takes to bring one.
    assert.ok(fast! >= 40 && fast! <= 200, `${fast} packets in a turn of 2 ms`);
    deliveries[1]!.delivery.leave();
    assert.deepEqual(turn([deliveries[0]!]), [1000]);
    deliveries[0]!.delivery.leave();
  });
});

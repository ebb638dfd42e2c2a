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

  function start(settings: Partial<DeliverySettings> = {}, runtime = fakeRuntime(), turns = new Turns()) {
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
          return 100;
        },
        commit: (packet) => committed.push(packet),
        fail: (_packet, error) => assert.fail(error),
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

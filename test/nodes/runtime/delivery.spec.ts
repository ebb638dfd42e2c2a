// nodes/runtime/delivery.ts and flow-watch.ts, with hooks of our own: what is in the flow, what a deploy loses of it, and how
// long it is waited for.
import assert from "node:assert/strict";
import { mock } from "node:test";
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
  afterEach(() => mock.restoreAll());

  function start(settings: Partial<DeliverySettings> = {}) {
    const runtime = fakeRuntime();
    const sent: { packet: string; msg: { _msgid: string } }[] = [];
    const committed: string[] = [];
    let ids = 0;
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
        newId: () => String(++ids),
        error: (message) => assert.fail(message),
      },
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
});

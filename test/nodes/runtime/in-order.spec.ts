// nodes/runtime/in-order.ts and misfits.ts: what waits for its turn, and what is said of messages that a node is not made for.
import assert from "node:assert/strict";
import type { Node, NodeAPI } from "node-red";
import { InOrder } from "../../../nodes/runtime/in-order.ts";
import { Misfits, misfit } from "../../../nodes/runtime/misfits.ts";

const MIB = 1024 * 1024;

describe("work in order", () => {
  it("is done one after the other, and goes on behind what fails", async () => {
    const order = new InOrder(MIB);
    const done: string[] = [];
    const gates: (() => void)[] = [];
    const work = (name: string, failure?: Error) => async () => {
      done.push(`${name} begins`);
      await new Promise<void>((resolve) => gates.push(resolve));
      done.push(`${name} ends`);
      if (failure) throw failure;
    };
    const first = order.run(1, work("a", new Error("no")));
    const second = order.run(0, work("b"));
    assert.deepEqual(done, ["a begins"]);
    gates.shift()!();
    await assert.rejects(first, /^Error: no$/);
    gates.shift()!();
    await second;
    assert.deepEqual(done, ["a begins", "a ends", "b begins", "b ends"]);
  });

  it("is refused where messages wait with more bytes than they may have, but for one, and for none", async () => {
    const order = new InOrder(2 * MIB);
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const wait = () => gate;
    const running = [order.run(MIB, wait), order.run(MIB, wait)];
    await assert.rejects(order.run(1, wait), {
      code: "INVALID_MESSAGE",
      message: /^More than 2 MiB of messages/,
    });
    running.push(order.run(0, wait));
    open();
    await Promise.all(running);
    await order.run(5 * MIB, wait);
    await Promise.all([order.run(2 * MIB, wait), order.run(0, wait)]);
    // With what has failed, its bytes are given back.
    await assert.rejects(order.run(2 * MIB, () => Promise.reject(new Error("no"))));
    await order.run(2 * MIB, wait);
  });
});

describe("misfits", () => {
  const make = () => {
    const told: string[] = [];
    const node = { type: "signal-filter", warn: (text: string) => told.push(text) };
    const RED = {
      _: (key: string, values: object = {}) => [key.split(".").at(-1), ...Object.values(values)].join(" "),
    };
    const misfits = new Misfits(RED as NodeAPI, node as unknown as Node);
    let changes = 0;
    misfits.onChange = () => changes++;
    assert.equal(Misfits.of(node), misfits);
    return { misfits, told, changes: () => changes };
  };
  const status = { fill: "green", shape: "dot", text: "3 streams" } as const;

  it("are told in words once for a kind, and counted", () => {
    const { misfits, told, changes } = make();
    assert.equal(misfits.statusWith(status), status);
    misfits.pass("text", () => "text passes");
    misfits.pass("text", () => assert.fail("told already"));
    assert.deepEqual([told, changes()], [["text passes"], 2]);
    assert.deepEqual(misfits.statusWith(status), { fill: "yellow", shape: "ring", text: "got-text (2)" });
    assert.equal(misfits.fail(misfit("mseed", new Error("bytes"))), true);
    assert.equal(misfits.fail(misfit("mseed", new Error("bytes"))), false);
    assert.deepEqual(misfits.statusWith(status), { fill: "red", shape: "ring", text: "got-mseed (2)" });
    // Any other error is always told.
    for (let i = 0; i < 2; i++) assert.equal(misfits.fail(new Error("defect")), true);
    assert.equal(changes(), 4);
  });

  it("are a part of the status once the node does its work, of one that has something to say", () => {
    const { misfits, changes } = make();
    misfits.fit();
    assert.equal(changes(), 0);
    misfits.pass("text", () => "");
    misfits.fail(misfit("mseed", new Error("bytes")));
    assert.deepEqual(misfits.statusWith(status), { ...status, text: "3 streams, others 2" });
    for (const idle of [{}, { text: "" }, "text" as never])
      assert.deepEqual(misfits.statusWith(idle), { fill: "red", shape: "ring", text: "got-mseed (1)" });
    const late = make();
    late.misfits.pass("text", () => "");
    late.misfits.fit();
    late.misfits.fit();
    assert.equal(late.changes(), 2);
  });
});

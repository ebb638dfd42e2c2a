// nodes/runtime/copy-message.ts: what is said of a message that cannot be copied.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { NodeAPI, NodeMessage } from "node-red";
import { copyMessage } from "../../../nodes/runtime/copy-message.ts";

describe("a copy of a message", () => {
  const { util } = createRequire(require.resolve("node-red"))("@node-red/util") as Pick<NodeAPI, "util">;
  const copy = (properties: object) => copyMessage({ util } as NodeAPI, properties as NodeMessage);

  it("has what the message has, and is another one", () => {
    const inner = { a: [1, Buffer.from("x")] };
    const copied = copy({ topic: "t", inner }) as { inner?: object };
    assert.deepEqual(copied, { topic: "t", inner });
    assert.notEqual(copied.inner, inner);
  });

  it("cannot be had of objects that are too deep, or that throw: said in words", () => {
    let deep: object = {};
    for (let i = 0; i < 20_000; i++) deep = { deep };
    assert.throws(() => copy({ deep }), {
      code: "INVALID_MESSAGE",
      message: /cannot be copied .*: one is nested too deep\. Delete it/,
    });
    const trap = Object.defineProperty({}, "x", {
      enumerable: true,
      get: () => {
        throw new Error("not mine");
      },
    });
    assert.throws(() => copy({ trap }), {
      code: "INVALID_MESSAGE",
      message: /cannot be copied .*: not mine\./,
    });
  });
});

// nodes/runtime/input-handler.ts: whatever is thrown on the way of a message, the process goes on and the message is told of.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import type { Node } from "node-red";
import { onInput } from "../../../nodes/runtime/input-handler.ts";

class FakeNode extends EventEmitter {
  error(sentence: string): void {
    this.emit("told", sentence);
  }
}

/** As Node-RED's `done` does with a message that it cannot copy for a Catch node. */
function throwing(): void {
  throw new RangeError("Maximum call stack size exceeded");
}

describe("the input handler", () => {
  let node: FakeNode;

  const told = async (handle: () => Promise<void>): Promise<string> => {
    onInput(node as unknown as Node, handle);
    const sentence = once(node, "told");
    node.emit("input", {}, () => {}, throwing);
    return ((await sentence) as [string])[0];
  };

  beforeEach(() => {
    node = new FakeNode();
  });

  it("says the error of the node, and why it could not be passed on, where done throws", async () => {
    const sentence = await told(() => Promise.reject(new Error("msg.payload is not a Buffer")));
    assert.match(sentence, /^msg.payload is not a Buffer .*Maximum call stack/);
  });

  it("says it of a message that went well, too", async () => {
    assert.match(await told(() => Promise.resolve()), /dealt with .*Maximum call stack/);
  });
});

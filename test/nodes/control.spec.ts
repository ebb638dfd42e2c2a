// nodes/messages/: control messages of any shape are refused in a sentence that says what came, however odd or long it is.
import assert from "node:assert/strict";
import { readControl } from "../../nodes/messages/control.ts";
import { readSeedLinkControl } from "../../nodes/messages/seedlink-control.ts";

const circular: Record<string, unknown> = {};
circular.self = circular;

const ODD: [value: unknown, said: string][] = [
  [undefined, "missing"],
  [null, "null"],
  [10n ** 40n, "a bigint"],
  [Symbol("x"), "a symbol"],
  [circular, "an object"],
  [() => 1, "a function"],
  [Number.NaN, "NaN"],
  [true, "true"],
  ["begin\n", '"begin\\n"'],
  ["x".repeat(2_000_000), `"${"x".repeat(80)}…"`],
];

describe("control messages", () => {
  for (const read of [readControl, readSeedLinkControl]) {
    it(`are refused in words, whatever their topic is: ${read.name}`, () => {
      for (const [topic, said] of ODD) {
        const isSaid = ({ message }: Error) => message.startsWith(`msg.topic is ${said}: to control `);
        assert.throws(
          () => read({ topic }),
          (error: Error) => isSaid(error) || assert.fail(error.message),
        );
      }
    });
  }
});

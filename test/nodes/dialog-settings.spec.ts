// The fields of the dialogs and what the nodes take: blank ones mean what a new node begins with, and both sides have the same bounds.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { mock } from "node:test";
import type { NodeAPI } from "node-red";
import { Settings } from "../../nodes/runtime/settings.ts";
import { BareNode } from "../support/bare-node.ts";
import { definitions } from "../support/editor/definitions.ts";

const load = createRequire(__filename);
const NODES = path.join(__dirname, "../../nodes");

interface Asked {
  field: string;
  value: unknown;
  min: number;
  max: number;
}

type Ask = (this: Settings, field: string, value: unknown, bounds: { min: number; max: number }) => unknown;

/** What a node asks its settings for when it is made, and what it gets. */
async function made(type: string, def: object) {
  const { default: module } = load(path.join(NODES, `${type}.js`)) as { default: (RED: NodeAPI) => void };
  const got: Record<string, unknown> = {};
  const numbers: Asked[] = [];
  const { number, choice } = Settings.prototype as unknown as Record<"number" | "choice", Ask>;
  mock.method(Settings.prototype, "number", function (this: Settings, ...asked: Parameters<Ask>) {
    const [field, value, { min, max }] = asked;
    numbers.push({ field, value, min, max });
    got[field] = number.apply(this, asked);
    return got[field];
  });
  mock.method(Settings.prototype, "choice", function (this: Settings, ...asked: Parameters<Ask>) {
    got[asked[0]] = choice.apply(this, asked);
    return got[asked[0]];
  });
  try {
    const node = new BareNode(module, def);
    await node.close();
    return { got, numbers };
  } finally {
    mock.restoreAll();
  }
}

/** What has to be chosen or filled in before other fields are shown and looked at. */
const CHOICES: Record<string, object[]> = {
  "ground-motion": [{}, { sensitivity: "1", to: "displacement" }],
  "mseed-file-in": [{}, { pace: "time" }],
  "seismogram-image": [{}, { picture: "drum" }],
  "shake-in": [{ station: "R1234" }],
  "signal-filter": [{}, { kind: "mean" }],
};
const choicesOf = (type: string): object[] => CHOICES[type] ?? [{}];

/** Blank fields that mean something else than what a new node begins with: nodes that are older than the field have them. */
const OLDER: Record<string, Record<string, unknown>> = { "mseed-encode": { Records: "message" } };

const MARK = 0.123454321;

describe("fields of a dialog", () => {
  for (const [type, { defaults }] of definitions()) {
    const begun = Object.fromEntries(Object.entries(defaults).map(([name, { value }]) => [name, value]));

    it(`of ${type} that are left blank mean what a new node begins with`, async () => {
      for (const chosen of choicesOf(type)) {
        const { got } = await made(type, { ...begun, ...chosen });
        const blank = await made(type, chosen);
        assert.deepEqual(blank.got, { ...got, ...OLDER[type] });
      }
    });

    it(`of ${type} have the bounds that the node has`, async () => {
      for (const [name, { validate }] of Object.entries(defaults)) {
        const bounds = new Set<string>();
        const found = new Set<string>();
        for (const chosen of choicesOf(type)) {
          const settings = { ...begun, ...chosen };
          const { numbers } = await made(type, { ...settings, [name]: String(MARK) });
          const asked = numbers.find(({ value }) => value === String(MARK));
          if (!asked || !validate) continue;
          const { min, max } = asked;
          const step = (bound: number) => 0.001 * Math.max(1, Math.abs(bound));
          const values = [min - step(min), min, max, max + step(max)];
          const accepted = values.map((value) => validate.call(settings, String(value)) === true);
          bounds.add(`${min} to ${max}`);
          // A field that is not shown may have anything in it.
          found.add(accepted.join());
        }
        if (bounds.size > 0) assert.ok(found.has("false,true,true,false"), `${name}: ${[...bounds].join()}`);
      }
    });
  }

  it("are numbers with bounds on both sides in nearly all nodes", async () => {
    let fields = 0;
    for (const [type, { defaults }] of definitions()) {
      const begun = Object.fromEntries(Object.entries(defaults).map(([name, { value }]) => [name, value]));
      const { numbers } = await made(type, { ...begun, ...choicesOf(type)[0] });
      fields += numbers.length;
    }
    assert.ok(fields > 60, `${fields}`);
  });
});

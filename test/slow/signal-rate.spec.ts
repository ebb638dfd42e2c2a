// How many records a second a whole Node-RED carries from bytes to triggers: decode, filter, trigger, in one process. By its processor
// time, because other programs run on the same machine.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { packRecords } from "../../lib/mseed/pack.ts";
import { definitions } from "../support/editor/definitions.ts";
import { NodeRed, needsNodeRed } from "../support/node-red.ts";

const RECORDS = 30_000;
const STREAMS = 20;
const TICK_MS = 10;

/** Makes records of 20 streams, second after second, out of one whose name and time it changes. */
function generator(): string {
  const samples = Int32Array.from(
    { length: 100 },
    (_, i) => 16_000 + 3000 * Math.sin(i / 10) + ((i * 7919) % 100),
  );
  const series = {
    sourceId: "FDSN:XX_S_00_H_H_Z",
    startTime: "2026-01-01T00:00:00Z",
    sampleRate: 100,
    samples,
  };
  const [template] = packRecords(series, { formatVersion: 2, recordLength: 512 });
  return `const template = Buffer.from("${Buffer.from(template!).toString("base64")}", "base64");
let i = 0;
const step = () => {
  for (let k = 0; k < 100 && i < ${RECORDS}; k++, i++) {
    const payload = Buffer.from(template), second = Math.floor(i / ${STREAMS});
    payload[8] = 65 + (i % ${STREAMS});
    payload[24] = Math.floor(second / 3600); payload[25] = Math.floor(second / 60) % 60; payload[26] = second % 60;
    node.send({ payload });
  }
  if (i < ${RECORDS}) setTimeout(step, 0);
};
step();
return null;`;
}

const counter = `const n = (context.get("n") || 0) + 1;
context.set("n", n);
if (n === ${RECORDS}) node.warn("all are through");
return null;`;

/** Milliseconds that a process has been on a processor. */
function processorTimeOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return TICK_MS * (Number(fields[11]) + Number(fields[12]));
}

describe("decode, filter and trigger in one Node-RED", function () {
  this.timeout(300_000);

  it("carry 5,000 records of 100 samples a second and more", async function () {
    if (process.platform !== "linux") this.skip();
    await needsNodeRed(this, "5");
    const own = definitions();
    const place = { z: "tab", x: 1, y: 1 };
    const node = (type: string, id: string, wires: string[][]) => {
      const defaults = Object.entries(own.get(type)!.defaults).map(([name, { value }]) => [name, value]);
      return { ...Object.fromEntries(defaults), ...place, type, id, wires };
    };
    const run = (id: string, func: string, wires: string[][]) => {
      const settings = { func, outputs: 1, timeout: 0, noerr: 0, initialize: "", finalize: "", libs: [] };
      return { ...place, ...settings, type: "function", id, name: "", wires };
    };
    await using nodeRed = await NodeRed.start({
      version: "5",
      flows: [
        { id: "tab", type: "tab", label: "rate" },
        {
          ...place,
          id: "go",
          type: "inject",
          name: "",
          props: [],
          repeat: "",
          once: false,
          wires: [["generate"]],
        },
        run("generate", generator(), [["decode"]]),
        node("mseed-decode", "decode", [["filter"]]),
        node("signal-filter", "filter", [["trigger"]]),
        node("signal-trigger", "trigger", [[], ["count"], []]),
        run("count", counter, [[]]),
      ],
    });
    const before = processorTimeOf(nodeRed.pid);
    await fetch(`${nodeRed.url}/inject/go`, { method: "POST" });
    await nodeRed.logged(/all are through/, 200_000);
    const perSecond = (1000 * RECORDS) / (processorTimeOf(nodeRed.pid) - before);
    console.log(`      ${perSecond.toFixed(0)} records per second of processor time`);
    assert.ok(perSecond >= 5000, `${perSecond} records a second`);
  });
});

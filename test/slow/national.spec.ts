// A national network in one Node-RED, small: what is archived over a midnight, a deploy, a kill and an absence is all that the server
// has acknowledged, each packet once. `npm run bench -- national` is the same at full size, with figures.
import assert from "node:assert/strict";
import { ServerProcess } from "../server/server-process.ts";
import { runTrial } from "../support/national/trial.ts";
import { needsNodeRed } from "../support/node-red.ts";

describe("a national network in one Node-RED", () => {
  it("has each packet that the server acknowledged in its file once, whatever happens to the archive", async function () {
    this.timeout(300_000);
    await needsNodeRed(this, "5");
    const server = await ServerProcess.start({ ringBytes: 256 << 20, packetSize: 512 });
    try {
      const { ledger, gaps, complaints } = await runTrial({
        ...{ url: `datalink://127.0.0.1:${server.port}`, streams: 300, rate: 200, late: 0.01 },
        ...{ quiet: 2, stop: 2, openFiles: 1024, patience: 240 },
      });
      const { acknowledged, files, ...became } = ledger;
      assert.ok(acknowledged > 600, `${acknowledged} acknowledged`);
      // One of either day.
      assert.equal(files, 600);
      assert.deepEqual(became, { once: acknowledged, twice: 0, missing: 0, told: 0, strange: 0 });
      // A server ends the connection of a reader that is held up for long, as on a busy machine; it goes on behind that.
      const others = complaints.filter((line) => !/The connection to \S+ was lost\. Next attempt/.test(line));
      assert.deepEqual({ gaps, others }, { gaps: [], others: [] });
    } finally {
      await server.kill();
    }
  });
});

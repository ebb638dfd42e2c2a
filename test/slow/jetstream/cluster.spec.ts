// JetStream in a cluster of three: a relay, workers, and whatever stores or leads is killed with SIGKILL. Nothing is missing, nothing is in
// the stream twice, everything is in the archives. JETSTREAM_LONG=1 has 100,000 packets instead of 20,000, and more workers.
import assert from "node:assert/strict";
import { needsNatsServer } from "../../support/network/nats-servers.ts";
import { type Plan, type Result, runCluster } from "./cluster-run.ts";

const isLong = process.env.JETSTREAM_LONG !== undefined;

async function tested(plan: Plan): Promise<Result> {
  const result = await runCluster(plan);
  if (isLong || process.env.JETSTREAM_VERBOSE)
    console.log(JSON.stringify({ ...plan, kills: plan.kills.length, ...result }));
  const { stored, twice, missing, archived } = result;
  assert.deepEqual(
    { stored, twice, missing, archived },
    { stored: plan.packets, twice: 0, missing: 0, archived: plan.packets },
  );
  assert.equal(result.outOfOrder, 0, "in the stream, per stream id");
  return result;
}

describe("JetStream, a cluster of three", function () {
  this.timeout(isLong ? 600_000 : 300_000);

  before(function () {
    needsNatsServer(this);
  });

  const packets = isLong ? 100_000 : 20_000;

  for (const workers of isLong ? [1, 2, 4] : [4])
    it(`stores and archives all, with ${workers} workers: a worker, the relay, and the servers that lead stream and group are killed`, async () => {
      await tested({
        packets,
        workers,
        kills: [
          { at: packets * 0.2, what: "worker" },
          { at: packets * 0.35, what: "relay" },
          { at: packets * 0.5, what: "stream leader" },
          { at: packets * 0.8, what: "consumer leader" },
        ],
      });
    });

  it("goes on with one of two relays of the same source when the other is killed", async () => {
    await tested({
      packets: packets / 2,
      workers: 1,
      relays: 2,
      kills: [{ at: packets / 4, what: "relay" }],
    });
  });

  it("keeps the order of a station across workers, where that is asked for, when one is killed", async () => {
    const { takenOutOfOrder } = await tested({
      packets: packets / 4,
      workers: 4,
      order: "kept",
      kills: [{ at: packets / 10, what: "worker" }],
    });
    assert.equal(takenOutOfOrder, 0);
  });
});

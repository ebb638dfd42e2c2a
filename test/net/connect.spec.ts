// lib/net/connect.ts: how long it is waited for a server, what a connection is told of that, and what is left of one that is not settled.
import assert from "node:assert/strict";
import { mock } from "node:test";
import { parseAddress } from "../../lib/datalink/address.ts";
import { openConnection, type ReachOptions, type Waits } from "../../lib/net/connect.ts";
import { Deadlines } from "../../lib/net/deadline.ts";
import { NetError } from "../../lib/net/errors.ts";
import type { Speech } from "../../lib/net/other-server/speech.ts";
import type { OpenTransport, Transport } from "../../lib/net/transport.ts";

class Failure extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

interface Stand {
  open?: () => Promise<Transport>;
  settle?: (signal: AbortSignal) => Promise<string>;
  speech?: Speech;
  hasAnswered?: boolean;
}

/** A server behind which there is none: what it was asked, and what its connection was told. */
function connect(options: ReachOptions, stand: Stand = {}) {
  const told = { asked: 0, abandoned: [] as Error[], waits: undefined as Waits | undefined, patience: 0 };
  const open: OpenTransport = Object.assign(stand.open ?? (async () => ({}) as Transport), {
    whoAnswers: async (_address: unknown, patience: number) => {
      told.asked++;
      told.patience = patience;
      return stand.speech;
    },
  });
  const session = openConnection(parseAddress("datalink://ring.example:16000"), options, {
    speech: "datalink",
    open,
    deadlines: new Deadlines((code, message, more) => new Failure(code, message, more)),
    subprotocols: [],
    maxMessage: 1000,
    attach(_transport, waits) {
      told.waits = waits;
      return {
        firstBytes: undefined,
        hasAnswered: stand.hasAnswered ?? false,
        abandon: (reason) => void told.abandoned.push(reason),
      };
    },
    settle: (_connection, signal) => stand.settle?.(signal) ?? Promise.resolve("settled"),
    wrongServer: (why) => new Failure("WRONG_SERVER", why.message),
  });
  return { session, told };
}

/** A server that says nothing. */
const silent = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(new Error("some other"))));

describe("connecting to a server", () => {
  afterEach(() => mock.timers.reset());

  it("tells the connection how long to wait", async () => {
    const waits: [ReachOptions, commandTimeout: number, keepAlive: number][] = [
      [{}, 30_000, 30_000],
      [{ timeout: 500 }, 500, 30_000],
      [{ timeout: { connect: 500 } }, 30_000, 30_000],
      [{ timeout: { command: 500 }, keepAlive: 700 }, 500, 700],
      [{ keepAlive: 0 }, 30_000, 0],
      [{ timeout: 1e12, keepAlive: 1e12 }, 2 ** 31 - 1, 2 ** 31 - 1],
    ];
    for (const [options, commandTimeout, keepAlive] of waits) {
      const { session, told } = connect(options);
      assert.equal(await session, "settled");
      assert.deepEqual(told.waits, { name: "datalink://ring.example:16000", commandTimeout, keepAlive });
      assert.deepEqual([told.asked, told.abandoned], [0, []]);
    }
  });

  it("refuses durations that are none, and says which", () => {
    for (const value of [0, -1, Number.NaN, "5" as unknown as number, null as unknown as number]) {
      for (const [options, what] of [
        [{ timeout: { connect: value } }, "timeout.connect"],
        [{ timeout: { command: value } }, "timeout.command"],
        [{ keepAlive: value }, "keepAlive"],
      ] as [ReachOptions, string][]) {
        if (what === "keepAlive" && value === 0) continue;
        assert.throws(() => connect(options), {
          code: "INVALID_ARGUMENT",
          message: `${what} is a number of milliseconds above 0, not ${String(value)}.`,
        });
      }
    }
  });

  for (const [options, milliseconds] of [
    [{}, 10_000],
    [{ timeout: 700 }, 700],
    [{ timeout: { connect: 800, command: 5 } }, 800],
  ] as [ReachOptions, number][]) {
    it(`waits ${milliseconds} ms for a server that says nothing, closes, and asks who it is`, async () => {
      mock.timers.enable({ apis: ["setTimeout"] });
      const { session, told } = connect(options, { settle: silent });
      await new Promise(setImmediate);
      mock.timers.tick(milliseconds - 1);
      await new Promise(setImmediate);
      assert.deepEqual(told.abandoned, []);
      mock.timers.tick(1);
      await assert.rejects(session, { code: "TIMEOUT" });
      assert.deepEqual(
        told.abandoned.map((error) => (error as Failure).code),
        ["TIMEOUT"],
      );
      assert.deepEqual([told.asked, told.patience], [1, milliseconds]);
    });
  }

  it("says that the server is another one, where it is", async () => {
    const lost = async () => {
      throw new Failure("CONNECTION_LOST", "lost");
    };
    const other = connect({}, { settle: lost, speech: "seedlink" });
    await assert.rejects(other.session, { code: "WRONG_SERVER", message: /is a SeedLink server/ });
    assert.equal(other.told.abandoned.length, 1);
    // One that has answered is the right one, and what is refused was understood.
    const own = connect({}, { settle: lost, speech: "seedlink", hasAnswered: true });
    await assert.rejects(own.session, { code: "CONNECTION_LOST" });
    assert.equal(own.told.asked, 0);
    const refuses = async () => {
      throw new Failure("NOT_PERMITTED", "no");
    };
    const refused = connect({}, { settle: refuses, speech: "seedlink" });
    await assert.rejects(refused.session, { code: "NOT_PERMITTED" });
    assert.equal(refused.told.asked, 0);
  });

  it("fails with the protocol's own errors where no connection comes about", async () => {
    const cause = new Error("below");
    const { session, told } = connect(
      {},
      { open: () => Promise.reject(new NetError("CONNECTION_REFUSED", "nobody", { cause })) },
    );
    await assert.rejects(session, (error: Failure) => {
      assert.ok(error instanceof Failure);
      assert.deepEqual([error.code, error.message, error.cause], ["CONNECTION_REFUSED", "nobody", cause]);
      return true;
    });
    assert.deepEqual([told.asked, told.waits], [0, undefined]);
  });
});

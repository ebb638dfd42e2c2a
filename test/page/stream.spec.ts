// The page's stream: it comes back after every end, whatever ended it, and what it tells is what was sent.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { encodeFrame } from "../../lib/seismograph/frame-writer.ts";
import type { Frame, StatusFrame } from "../../lib/seismograph/frames.ts";
import { type Loss, Stream } from "../../page/stream.ts";
import { recordEvents } from "../support/events.ts";

const STATUS: StatusFrame = { type: "status", now: 1e15, isRefilling: false, channels: [] };

type Told = { type: "frame"; frame: Frame } | { type: "flush" } | { type: "lost"; loss: Loss };

describe("the page's stream", () => {
  let server: Server;
  let address: string;
  let answer: (response: ServerResponse, visit: number) => void;
  let stream: Stream | undefined;
  let visits = 0;

  /** A stream that tries again at once, and what it tells. */
  function open(longestSilence = 60_000) {
    const told = recordEvents<Told>();
    const { onEvent } = told;
    stream = new Stream(
      address,
      {
        frame: (frame) => onEvent({ type: "frame", frame }),
        flush: () => onEvent({ type: "flush" }),
        lost: (loss) => onEvent({ type: "lost", loss }),
      },
      { longestSilence, minDelay: 1, maxDelay: 2 },
    );
    return told;
  }

  beforeEach(async () => {
    visits = 0;
    server = createServer((_request, response) => answer(response, ++visits));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stream`;
  });

  afterEach(() => {
    stream?.close();
    server.closeAllConnections();
    server.close();
  });

  const isStatusOf = (now: number) => (event: Told) =>
    event.type === "frame" && event.frame.type === "status" && event.frame.now === now;

  it("tells the frames in their order, however the bytes are cut", async () => {
    const bytes = [1, 2, 3].map((now) => encodeFrame({ ...STATUS, now }));
    answer = (response) => {
      for (const byte of Buffer.concat(bytes)) response.write(Buffer.of(byte));
    };
    const told = open();
    await told.wait("frame", isStatusOf(3));
    const frames = told.all.filter((event) => event.type === "frame");
    assert.deepEqual(
      frames.map(({ frame }) => (frame as StatusFrame).now),
      [1, 2, 3],
    );
  });

  const ends: Record<string, (response: ServerResponse) => void> = {
    "a regular end": (response) => response.end(),
    "a cut connection": (response) => response.destroy(),
    "what are no frames": (response) => response.end("<html>".repeat(20)),
    "an end that the server tells": (response) =>
      response.end(encodeFrame({ type: "end", reason: "closing", retry: 1 })),
    "half a frame": (response) => response.end(encodeFrame(STATUS).subarray(0, 11)),
  };
  for (const [kind, end] of Object.entries(ends)) {
    it(`comes back after ${kind}`, async () => {
      answer = (response, visit) => {
        response.write(encodeFrame({ ...STATUS, now: visit }));
        if (visit < 3) end(response);
      };
      const told = open();
      await told.wait("frame", isStatusOf(3));
      assert.ok(told.count("lost") >= 2);
    });
  }

  it("comes back after a refusal, and tells the server's sentence", async () => {
    answer = (response, visit) => {
      if (visit === 1)
        response.writeHead(503).end(JSON.stringify({ error: "Too many pages.", code: "LIMIT" }));
      else if (visit === 2) response.writeHead(502).end("<h1>Bad gateway</h1>");
      else response.write(encodeFrame(STATUS));
    };
    const told = open();
    await told.wait("frame");
    const reasons = told.all.flatMap((event) => (event.type === "lost" ? [event.loss] : []));
    assert.deepEqual(reasons, [
      { status: 503, why: "Too many pages." },
      { status: 502, why: "502 Bad Gateway" },
    ]);
  });

  it("tells what it has received where that is no stream of a seismograph", async () => {
    answer = (response, visit) => {
      if (visit === 1) response.end("<html>".repeat(20));
      else response.write(encodeFrame(STATUS));
    };
    const told = open();
    await told.wait("frame");
    assert.match((told.all[0] as { loss: Loss }).loss.why!, /this is not a seismograph's stream/);
  });

  it("takes a silent response for a dead one", async () => {
    answer = (response, visit) => {
      if (visit === 1) response.writeHead(200).flushHeaders();
      else response.write(encodeFrame(STATUS));
    };
    const told = open(50);
    await told.wait("frame");
    assert.equal(told.all[0]!.type, "lost");
  });

  it("stops when it is closed", async () => {
    answer = (response) => response.write(encodeFrame(STATUS));
    const closed = once(server, "connection").then(([socket]) => once(socket, "close"));
    const told = open();
    await told.wait("frame");
    stream!.close();
    await closed;
    assert.equal(told.count("lost"), 0);
    assert.equal(visits, 1);
  });
});

// lib/server/ring/ring.ts: whatever is written, the ring holds the newest packets that fit, and finds each by its id.
import assert from "node:assert/strict";
import fc from "fast-check";
import { DataLinkError } from "../../lib/datalink/protocol/errors.ts";
import { largestFrame, MAX_CHOSEN_ID, Ring } from "../../lib/server/ring/ring.ts";

const PACKET_SIZE = 100;

function makeRing(packets = 4): Ring {
  return new Ring({
    ringBytes: packets * largestFrame(PACKET_SIZE),
    packetSize: PACKET_SIZE,
    now: () => 1_700_000_000_000_000,
  });
}

describe("ring", () => {
  it("gives a packet back as it was written", () => {
    const ring = makeRing();
    assert.equal(ring.append("A/JSON", -5, 7, Buffer.from("hello")), 1n);
    assert.deepEqual(
      { ...ring.packetAt(0) },
      {
        streamId: "A/JSON",
        packetId: 1n,
        packetTime: 1_700_000_000_000_000,
        dataStart: -5,
        dataEnd: 7,
        payload: Buffer.from("hello"),
      },
    );
  });

  it("holds the newest packets of any sizes and streams, in order, and nothing else", () => {
    const packet = fc.record({
      stream: fc.nat(5),
      size: fc.nat(PACKET_SIZE),
      jump: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 200 }), fc.integer({ min: 4, max: 9 }), (packets, slots) => {
        const ring = makeRing(slots);
        const written: { streamId: string; id: bigint; payload: Buffer }[] = [];
        for (const [i, { stream, size, jump }] of packets.entries()) {
          const payload = Buffer.alloc(size, i);
          const chosen = jump === 0 ? undefined : ring.latestId + BigInt(jump);
          const id = ring.append(`S${stream}`, i, i + 1, payload, chosen);
          written.push({ streamId: `S${stream}`, id, payload });
        }
        assert.equal(ring.end, written.length);
        assert.ok(
          ring.packets >= Math.min(written.length, slots - 1),
          "room for the packets it was made for",
        );
        checkAgainst(ring, written);
      }),
    );
  });

  it("refuses what readers could not read or find", () => {
    const ring = makeRing();
    ring.append("A", 0, 0, Buffer.alloc(0), 10n);
    const refused = (write: () => unknown, words: RegExp) =>
      assert.throws(write, (error) => error instanceof DataLinkError && words.test(error.message));
    const nothing = Buffer.alloc(0);
    refused(() => ring.append("A", 0, 0, nothing, 10n), /not above the latest one, 10/);
    refused(() => ring.append("A", 0, 0, nothing, 0n), /not above/);
    refused(() => ring.append("A", 0, 0, nothing, MAX_CHOSEN_ID + 1n), /too large/);
    refused(() => ring.append("A", 0, 0, Buffer.alloc(PACKET_SIZE + 1)), /too large for ring/);
    for (const id of ["", "A B", "é", "A\u0007", "X".repeat(64)]) {
      refused(() => ring.append(id, 0, 0, nothing), /stream ID/);
    }
    assert.equal(ring.append("A", 0, 0, nothing), 11n);
  });

  it("holds so many streams: 10,000 unless told otherwise, and others when they have left it", () => {
    const fill = (ring: Ring, streams: number) => {
      for (let i = 0; i < streams; i++) ring.append(`S${i}`, 0, 0, Buffer.alloc(0));
      assert.throws(() => ring.append("ONE_MORE", 0, 0, Buffer.alloc(0)), {
        code: "INVALID_ARGUMENT",
        message: `Error, the ring holds ${streams} streams already`,
      });
      ring.append("S0", 0, 0, Buffer.alloc(0));
      assert.equal(ring.streams.size, streams);
    };
    fill(new Ring({ ringBytes: 2 << 20, packetSize: 100 }), 10_000);
    const small = new Ring({ ringBytes: 5 * 128, packetSize: 100, maxStreams: 3 });
    fill(small, 3);
    for (let i = 0; i < 5; i++) small.append("S0", 0, 0, Buffer.alloc(0));
    small.append("ONE_MORE", 0, 0, Buffer.alloc(0));
    assert.deepEqual([...small.streams.keys()].sort(), ["ONE_MORE", "S0"]);
  });

  it("counts on from the largest id that may be chosen", () => {
    const ring = makeRing();
    ring.append("A", 0, 0, Buffer.alloc(0), MAX_CHOSEN_ID);
    const id = ring.append("A", 0, 0, Buffer.alloc(0));
    assert.equal(id, MAX_CHOSEN_ID + 1n);
    assert.equal(ring.sequenceOf(id), 1);
  });
});

function checkAgainst(ring: Ring, written: { streamId: string; id: bigint; payload: Buffer }[]): void {
  const streams = new Map<string, { packets: number; earliest: number; latest: number }>();
  for (let sequence = ring.first; sequence < ring.end; sequence++) {
    const expected = written[sequence]!;
    const packet = ring.packetAt(sequence);
    assert.deepEqual(
      [packet.streamId, packet.packetId, packet.dataStart, packet.payload],
      [expected.streamId, expected.id, sequence, expected.payload],
    );
    assert.equal(ring.sequenceOf(expected.id), sequence);
    assert.equal(ring.dataEndAt(sequence), sequence + 1);
    assert.equal(ring.streamAt(sequence), ring.streams.get(expected.streamId));
    const stream = streams.get(expected.streamId) ?? { packets: 0, earliest: sequence, latest: 0 };
    streams.set(expected.streamId, { ...stream, packets: stream.packets + 1, latest: sequence });
  }
  for (const { id } of written.slice(0, ring.first)) assert.equal(ring.sequenceOf(id), undefined);
  const held = [...ring.streams.values()].map(({ streamId, packets, earliest, latest }) => [
    streamId,
    { packets, earliest, latest },
  ]);
  assert.deepEqual(
    new Map(held as [string, { packets: number; earliest: number; latest: number }][]),
    streams,
  );
}

// lib/datalink/protocol/capabilities.ts: what the versions of servers can do, at the very borders.
import assert from "node:assert/strict";
import {
  maxStreamIdLength,
  parseIdentity,
  takesInlineInfoMatch,
} from "../../lib/datalink/protocol/capabilities.ts";

const server = (software: string, protocol = "1.1") =>
  parseIdentity(`DataLink v1.1 (${software}) :: DLPROTO:${protocol} PACKETSIZE:512 WRITE`);

describe("what servers can do", () => {
  for (const [software, longest] of [
    ["RingServer/4.0.9", 59],
    ["RingServer/4.1.0", 63],
    ["RingServer/4.1.1", 63],
    ["RingServer/5.0.0", 63],
    ["SeisFlow/0.1.0", 63],
  ] as const) {
    it(`stream ids of ${longest} bytes: ${software}`, () => {
      assert.equal(maxStreamIdLength(server(software)), longest);
      assert.equal(maxStreamIdLength(server(software, "1.0")), 59);
    });
  }

  for (const [software, isInline] of [
    ["RingServer/4.2.0", true],
    ["RingServer/4.2.1", false],
    ["RingServer/4.3.0", false],
    ["SeisFlow/0.1.0", false],
  ] as const) {
    it(`INFO with a match ${isInline ? "in its header" : "behind its header"}: ${software}`, () => {
      assert.equal(takesInlineInfoMatch(server(software)), isInline);
      assert.ok(takesInlineInfoMatch(server(software, "1.0")));
    });
  }
});

/**
 * Nodes for the measurement of flows: a source, an empty hop, and a sink that tells what the processor did between two of the
 * messages that come, so that neither Node-RED's start nor that of the code counts.
 */
import type { Node, NodeAPI, NodeDef, NodeMessage } from "node-red";

/** What the sink tells. */
export interface Figures {
  messages: number;
  /** Microseconds of processor time, all threads. */
  processor: number;
  /** Microseconds that went by. */
  elapsed: number;
}

interface SourceDef extends NodeDef {
  count: number;
}

interface SinkDef extends NodeDef {
  /** Messages before the measurement begins, and that which ends it. */
  first: number;
  last: number;
}

/** Messages that a source has sent and that no sink has got yet: as many as datalink in may have in the flow. */
const IN_FLIGHT = 256;
const PER_TURN = 64;

let arrived = 0;

export default function register(RED: NodeAPI): void {
  RED.nodes.registerType("bench-source", function (this: Node, def: SourceDef) {
    RED.nodes.createNode(this, def);
    let sent = 0;
    const turn = () => {
      for (let i = 0; i < PER_TURN && sent < def.count && sent - arrived < IN_FLIGHT; i++)
        this.send(message(sent++));
      if (sent < def.count) setImmediate(turn);
    };
    RED.events.once("flows:started", turn);
  });

  RED.nodes.registerType("bench-hop", function (this: Node, def: NodeDef) {
    RED.nodes.createNode(this, def);
    this.on("input", (msg, send, done) => {
      send(msg);
      done();
    });
  });

  RED.nodes.registerType("bench-sink", function (this: Node, def: SinkDef) {
    RED.nodes.createNode(this, def);
    let began = { processor: 0, at: 0 };
    this.on("input", (_msg, _send, done) => {
      arrived++;
      done();
      if (arrived === def.first) began = now();
      if (arrived !== def.last) return;
      const { processor, at } = now();
      const figures: Figures = {
        messages: def.last - def.first,
        processor: processor - began.processor,
        elapsed: at - began.at,
      };
      process.send?.(figures);
    });
  });
}

function now(): { processor: number; at: number } {
  const { user, system } = process.cpuUsage();
  return { processor: user + system, at: performance.now() * 1000 };
}

/** As datalink in sends it. */
function message(i: number): NodeMessage {
  const streamId = "FDSN:XX_S00001_00_H_H_Z/MSEED3";
  return {
    topic: streamId,
    payload: Buffer.alloc(512),
    datalink: {
      streamId,
      sourceId: "FDSN:XX_S00001_00_H_H_Z",
      type: "MSEED3",
      packetId: String(i),
      packetTime: "2026-11-22T06:30:00.000000Z",
      dataStart: "2026-11-22T06:30:00.000000Z",
      dataEnd: "2026-11-22T06:30:00.000000Z",
      server: "127.0.0.1:16000",
    },
  } as NodeMessage;
}

/**
 * A server whose ring has the flaw of ringserver 4.0 to 4.5: a reader's place is a slot. Once the packet in that slot is
 * overwritten, the reader goes on behind what stands there now, and all other packets of the ring are left out.
 */
import type net from "node:net";
import { encodeFrame } from "../../../lib/datalink/protocol/frame.ts";
import type { Packet } from "../../../lib/datalink/protocol/packet.ts";
import { encodeError, encodeInfo, encodeOk, packetHeader } from "../../../lib/datalink/protocol/replies.ts";
import { type Answer, type ReceivedCommand, type ScriptedPeer, scriptedPeer } from "./scripted-peer.ts";

interface Reader {
  /** Slot of the packet seen last; `undefined`: the packets to come. */
  slot: number | undefined;
  streaming: boolean;
  match: RegExp;
}

export class SlotRing implements AsyncDisposable {
  /** Called before a command is carried out: the ring can move on between commands. */
  beforeCommand: (header: string) => void = () => {};
  /** While true no packets are sent, as to a client that does not read. */
  held = false;
  readonly #slots: Packet[] = [];
  readonly #size: number;
  readonly #readers = new Map<net.Socket, Reader>();
  #latest = 0;
  #peer: ScriptedPeer | undefined;

  static async listen(size: number): Promise<SlotRing> {
    const ring = new SlotRing(size);
    ring.#peer = await scriptedPeer((command, socket) => ring.#handle(command, socket));
    return ring;
  }

  private constructor(size: number) {
    this.#size = size;
  }

  get url(): string {
    return this.#peer!.url;
  }

  get received(): string[] {
    return this.#peer!.received;
  }

  get earliest(): number {
    return Math.max(1, this.#latest - this.#size + 1);
  }

  /** Writes packets; ids and data times follow one another. */
  write(count: number, streams = ["XX_A/TEXT"]): void {
    for (let i = 0; i < count; i++) {
      const id = ++this.#latest;
      const streamId = streams[id % streams.length]!;
      const time = id * 1e6;
      const payload = Buffer.from(`${id}`);
      this.#slots[id % this.#size] = {
        streamId,
        packetId: BigInt(id),
        packetTime: time,
        dataStart: time,
        dataEnd: time,
        payload,
      };
    }
    this.deliver();
  }

  /** Sends the readers what they are to get. */
  deliver(): void {
    for (const [socket, reader] of this.#readers) {
      if (!reader.streaming || this.held || this.#latest === 0) continue;
      const latestSlot = this.#latest % this.#size;
      reader.slot ??= this.earliest === 1 ? 0 : latestSlot;
      while (reader.slot !== latestSlot) {
        reader.slot = (reader.slot + 1) % this.#size;
        const packet = this.#slots[reader.slot];
        if (packet && reader.match.test(packet.streamId)) socket.write(packetFrame(packet));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer![Symbol.asyncDispose]();
  }

  #handle({ header, words, payload }: ReceivedCommand, socket: net.Socket): Answer {
    this.beforeCommand(header);
    const reader = this.#readers.get(socket) ?? { slot: undefined, streaming: false, match: /./ };
    this.#readers.set(socket, reader);
    switch (words[0]) {
      case "MATCH":
        reader.match = new RegExp(payload.toString());
        return encodeOk(1n);
      case "INFO":
        return encodeInfo(words[1]!, this.#info(reader));
      case "READ": {
        const packet = this.#find(Number(words[1]));
        if (packet === undefined) return encodeError(`Packet ${words[1]} not found in ring`);
        reader.slot = Number(words[1]) % this.#size;
        return packetFrame(packet);
      }
      case "POSITION": {
        const id =
          words[2] === "EARLIEST" ? this.earliest : words[2] === "LATEST" ? this.#latest : Number(words[2]);
        reader.slot = id % this.#size;
        return encodeOk(BigInt(id));
      }
      case "STREAM":
        reader.streaming = true;
        this.deliver();
        return "";
      case "ENDSTREAM":
        reader.streaming = false;
        return encodeFrame("ENDSTREAM");
      default:
        return undefined;
    }
  }

  #find(id: number): Packet | undefined {
    const packet = this.#slots[id % this.#size];
    return packet?.packetId === BigInt(id) ? packet : undefined;
  }

  #info(reader: Reader): string {
    const names = new Set(this.#slots.filter(Boolean).map((packet) => packet.streamId));
    const streams = [...names]
      .filter((name) => reader.match.test(name))
      .map((name) => `<Stream Name="${name}"/>`);
    const ids = this.#latest === 0 ? [0, 0] : [this.earliest, this.#latest];
    return (
      `<DataLink><Status MaximumPackets="${this.#size}" EarliestPacketID="${ids[0]}" LatestPacketID="${ids[1]}"/>` +
      `<StreamList>${streams.join("")}</StreamList></DataLink>`
    );
  }
}

function packetFrame(packet: Packet): Buffer {
  return encodeFrame(packetHeader(packet, packet.payload.length), packet.payload);
}

/** Packets and bytes that went one way, and how many of them per second lately. */
import { RateMeter } from "../rate-meter.ts";

/** Packets and bytes so far, and per second lately. */
export interface TrafficFigures {
  packets: number;
  bytes: number;
  packetRate: number;
  byteRate: number;
}

export class Traffic implements TrafficFigures {
  /** Per second, as of the last `tick`. */
  packetRate = 0;
  byteRate = 0;
  readonly #packets = new RateMeter();
  readonly #bytes = new RateMeter();

  get packets(): number {
    return this.#packets.total;
  }

  get bytes(): number {
    return this.#bytes.total;
  }

  /** As they are now. */
  get figures(): TrafficFigures {
    const { packets, bytes, packetRate, byteRate } = this;
    return { packets, bytes, packetRate, byteRate };
  }

  count(packets: number, bytes: number): void {
    this.#packets.add(packets);
    this.#bytes.add(bytes);
  }

  /** Brings the rates up to date; called about once a second. */
  tick(): void {
    this.packetRate = this.#packets.read();
    this.byteRate = this.#bytes.read();
  }
}

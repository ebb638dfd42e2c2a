/** Packets and bytes that went one way, and how many of them per second lately. */

/** Seconds after which a rate has forgotten two thirds of what was before. */
const MEMORY_SECONDS = 5;

export class Traffic {
  packets = 0;
  bytes = 0;
  packetRate = 0;
  byteRate = 0;
  #packetsAtTick = 0;
  #bytesAtTick = 0;

  count(packets: number, bytes: number): void {
    this.packets += packets;
    this.bytes += bytes;
  }

  /** Brings the rates up to date; called about once a second with the seconds since the last call. */
  tick(seconds: number): void {
    const weight = 1 - Math.exp(-seconds / MEMORY_SECONDS);
    this.packetRate += ((this.packets - this.#packetsAtTick) / seconds - this.packetRate) * weight;
    this.byteRate += ((this.bytes - this.#bytesAtTick) / seconds - this.byteRate) * weight;
    this.#packetsAtTick = this.packets;
    this.#bytesAtTick = this.bytes;
  }
}

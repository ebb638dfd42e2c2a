/** How far a relay is, in one line on a terminal that is drawn anew each second; and lines that do not disturb it. */
import { RateMeter } from "../../rate-meter.ts";
import type { SeedLinkPacket } from "../../seedlink/protocol/packet.ts";
import { formatMicroseconds } from "../../time.ts";
import type { OutputStream } from "../command.ts";
import { printable } from "../printable.ts";

const REDRAW_MS = 1000;
const CLEAR_LINE = "\r\x1b[K";

export class RelayProgress implements Disposable {
  readonly #stream: OutputStream;
  readonly #pending: () => number;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  readonly #meter = new RateMeter();
  #newest: SeedLinkPacket | undefined;

  /** @param pending how many packets are not acknowledged */
  constructor(stream: OutputStream, pending: () => number) {
    this.#stream = stream;
    this.#pending = pending;
    if (stream.isTTY) this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  /** A packet is acknowledged. */
  passed(packet: SeedLinkPacket): void {
    this.#meter.add();
    this.#newest = packet;
  }

  /** Writes a line for people. */
  note(line: string): void {
    this.#stream.write(`${this.#timer ? CLEAR_LINE : ""}${line}\n`);
  }

  /** Says how many there were. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.note(`${packets(this.#meter.total)} relayed`);
  }

  #draw(): void {
    const newest = this.#newest
      ? `, the last one ${printable(this.#newest.streamId)} ${formatMicroseconds(this.#newest.dataEnd)}`
      : "";
    const rate = this.#meter.read().toFixed(1);
    const line = `${packets(this.#meter.total)}, ${rate} a second, ${this.#pending()} on their way${newest}`;
    this.#stream.write(CLEAR_LINE + line.slice(0, (this.#stream.columns ?? 80) - 1));
  }
}

function packets(count: number): string {
  return `${count.toLocaleString("en")} packet${count === 1 ? "" : "s"}`;
}

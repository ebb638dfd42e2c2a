/** What a relay tells of its progress: a line that changes, on a terminal; with --verbose a line for each packet. */
import { RateMeter } from "../../rate-meter.ts";
import { nowMicroseconds } from "../../time.ts";
import type { Io } from "../command.ts";
import { printable } from "../printable.ts";
import { CLEAR_LINE, widthOf } from "../terminal.ts";
import { durationText } from "./units.ts";

const REDRAW_MS = 1000;

/** What is told of a packet. */
interface Passed {
  readonly streamId: string;
  readonly payload: Uint8Array;
}

export class RelayProgress implements Disposable {
  readonly #io: Io;
  readonly #isVerbose: boolean;
  readonly #rate = new RateMeter();
  readonly #timer: NodeJS.Timeout | undefined;
  /** Time of the newest packet: microseconds since 1970. */
  #newest: number | undefined;

  constructor(io: Io, isVerbose: boolean) {
    this.#io = io;
    this.#isVerbose = isVerbose;
    if (io.stderr.isTTY && !isVerbose) this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  /**
   * The other server has acknowledged a packet.
   *
   * @param number its own, where it came from
   * @param time of the packet: microseconds since 1970
   * @param id the one that it has there
   */
  passed({ streamId, payload }: Passed, number: bigint, time: number, id: bigint): void {
    this.#newest = time;
    this.#rate.add();
    if (!this.#isVerbose) return;
    const there = id === number ? "" : `, there ${id}`;
    this.#io.stderr.write(`${number} ${printable(streamId)} ${payload.length} bytes${there}\n`);
  }

  /** Writes a line for people. */
  note(line: string): void {
    this.#io.stderr.write(`${this.#timer ? CLEAR_LINE : ""}${printable(line)}\n`);
  }

  /** Says how many there were. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#timer) this.#io.stderr.write(CLEAR_LINE);
    if (this.#timer || this.#isVerbose) this.#io.stderr.write(`${this.#rate.total} packets passed on\n`);
  }

  #draw(): void {
    const { total } = this.#rate;
    const age = this.#newest === undefined ? undefined : (nowMicroseconds() - this.#newest) / 1e6;
    const newest = age === undefined ? "" : `, the newest ${durationText(age)} old`;
    const line = `${total} packets passed on, ${this.#rate.read().toFixed(1)}/s${newest}`;
    this.#io.stderr.write(CLEAR_LINE + line.slice(0, widthOf(this.#io.stderr) - 1));
  }
}

/** A bare SeedLink peer for tests: lines out, and everything that comes back as words (seedlink-words.ts). */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { packRecords } from "../../lib/mseed/index.ts";
import type { DataLinkServer } from "../../lib/server/server.ts";
import { words } from "./seedlink-words.ts";

/** Most milliseconds that an answer may take. */
const PATIENCE = 3000;

export class SeedLinkPeer {
  readonly socket: Socket;
  received: Buffer = Buffer.alloc(0);
  closed = false;
  #changed: () => void = () => {};

  static async connect(port: number, from = "127.0.0.1"): Promise<SeedLinkPeer> {
    const socket = connect({ port, host: "127.0.0.1", localAddress: from, noDelay: true });
    await once(socket, "connect");
    return new SeedLinkPeer(socket);
  }

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.#changed();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.closed = true;
      this.#changed();
    });
  }

  get words(): string[] {
    return words(this.received);
  }

  send(...lines: string[]): void {
    this.socket.write(lines.map((line) => `${line}\r\n`).join(""));
  }

  /** Sends lines, and gives the words that have come when there are so many more of them. */
  async ask(wanted: number, ...lines: string[]): Promise<string[]> {
    const before = this.words.length;
    this.send(...lines);
    await this.until(() => this.words.length >= before + wanted);
    return this.words.slice(before);
  }

  async until(condition: () => boolean): Promise<void> {
    const patience = AbortSignal.timeout(PATIENCE);
    while (!condition() && !this.closed) {
      await new Promise<void>((resolve, reject) => {
        this.#changed = resolve;
        patience.onabort = () => reject(new Error(`waited in vain, after ${this.words.join(" | ")}`));
      });
    }
    patience.onabort = null;
  }

  async untilClosed(): Promise<void> {
    await this.until(() => false);
  }

  end(): void {
    this.socket.destroy();
  }
}

/** The numbers of the packets among words. */
export function numbersOf(all: readonly string[]): number[] {
  return all.flatMap((word) => {
    const three = /^SL([\dA-F]{6}) /.exec(word);
    const four = /^SE\w\w (\d+) /.exec(word);
    return three ? [Number.parseInt(three[1]!, 16)] : four ? [Number(four[1])] : [];
  });
}

export const START = 1_700_000_000_000_000;

/** Writes a record that begins so many seconds after {@link START}; gives its number. */
export function writeRecord(
  server: DataLinkServer,
  source: string,
  second: number,
  {
    formatVersion = 2,
    recordLength = 512,
    samples = 10,
    packetId,
  }: { formatVersion?: 2 | 3; recordLength?: number; samples?: number; packetId?: bigint | undefined } = {},
): number {
  const dataStart = START + second * 1_000_000;
  const series = {
    sourceId: `FDSN:${source}`,
    startTime: BigInt(dataStart) * 1000n,
    sampleRate: 10,
    samples: Int32Array.from({ length: samples }, (_, i) => second + i * 1000),
  };
  const [payload] = [...packRecords(series, { formatVersion, recordLength })];
  const type = formatVersion === 2 ? "MSEED" : "MSEED3";
  const dataEnd = dataStart + (samples - 1) * 100_000;
  return Number(
    server.write({ streamId: `FDSN:${source}/${type}`, dataStart, dataEnd, payload: payload!, packetId }),
  );
}

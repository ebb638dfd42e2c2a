/** `datalink send`: writes files to a server: miniSEED record by record, or a document to a stream of its own. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { DataLinkClient } from "../../datalink/client.ts";
import type { PacketInput } from "../../datalink/protocol/packet.ts";
import { RecordReader } from "../../mseed/index.ts";
import { recordPacket } from "../../packets.ts";
import { nowMicroseconds, toMicroseconds } from "../../time.ts";
import { defineCommand, EXIT_FAILED, EXIT_OK, type Io, usageError } from "../command.ts";
import { readPieces, STANDARD, totalSize } from "../input.ts";
import { Progress } from "../progress.ts";
import { ADDRESSES, connectOptions, SERVER_OPTIONS } from "./server-options.ts";

/** Packets sent and not yet acknowledged. */
const WINDOW = 100;

export const send = defineCommand({
  name: "datalink send",
  summary: "Write files to a server: miniSEED record by record, or a document.",
  operands: "SERVER FILE…",
  options: {
    "stream-id": {
      type: "string",
      short: "s",
      value: "ID",
      help: "each file is one packet of this stream, such as FDSN:XX_STA__L_O_G/JSON",
    },
    time: { type: "string", value: "TIME", help: "data time of such a packet, default now" },
    ...SERVER_OPTIONS,
  },
  notes: `Without --stream-id the files are miniSEED, and each record becomes a packet of the stream that its source id names. A packet
counts as sent when the server has acknowledged it.

${ADDRESSES}

Exit codes: 0 all was sent, 1 something was not, 2 a command line that makes no sense.`,
  async run({ options, operands, io }) {
    const [server, ...files] = operands;
    if (server === undefined || files.length === 0)
      throw usageError("give the address of a server, and files");
    const time = options.time === undefined ? nowMicroseconds() : toMicroseconds(options.time);
    if (time === undefined)
      throw usageError(`--time ${options.time}: give a time such as 2026-11-22T06:00:00Z`);
    const connect = { ...(await connectOptions(options)), signal: io.signal };
    await using client = await DataLinkClient.connect(server, connect);
    const progress = new Progress(io.stderr, await totalSize(files));
    const window = new Window(client);
    let problems = 0;
    const onProblem = (file: string, message: string) => {
      problems++;
      progress.note(`${file}: ${message}`);
    };
    try {
      for (const file of files) {
        const streamId = options["stream-id"];
        const packets =
          streamId === undefined
            ? recordPackets(file, io, progress, onProblem)
            : [{ streamId, dataStart: time, payload: await wholeFile(file, io) }];
        for await (const packet of packets) await window.write(packet);
      }
    } finally {
      await window.drain();
      progress.end();
    }
    io.stderr.write(`${window.count} packets sent\n`);
    return problems > 0 ? EXIT_FAILED : EXIT_OK;
  },
});

/** Keeps so many packets under way, and no more. */
class Window {
  readonly #client: DataLinkClient;
  #sent: Promise<unknown>[] = [];
  #failure: Error | undefined;
  /** Acknowledged packets. */
  count = 0;

  constructor(client: DataLinkClient) {
    this.#client = client;
  }

  async write(packet: PacketInput): Promise<void> {
    if (this.#failure) throw this.#failure;
    // It may fail while the file is still being read, and nobody waits for it yet.
    const settled = this.#client.write(packet, { ack: true }).then(
      () => {
        this.count++;
      },
      (error: Error) => {
        this.#failure ??= error;
      },
    );
    if (this.#sent.push(settled) >= WINDOW) await this.drain();
  }

  /** @throws the first failure */
  async drain(): Promise<void> {
    const sent = this.#sent;
    this.#sent = [];
    await Promise.all(sent);
    if (this.#failure) throw this.#failure;
  }
}

async function* recordPackets(
  file: string,
  io: Io,
  progress: Progress,
  onProblem: (file: string, message: string) => void,
): AsyncGenerator<PacketInput, void> {
  const reader = new RecordReader({
    checkCrc: false,
    onProblem: ({ record, message }) => {
      // What is wrong inside a record is for its readers to see.
      if (record === undefined) onProblem(file, message);
    },
  });
  for await (const piece of readPieces(file, io)) {
    reader.push(piece);
    for (let record = reader.next(); record; record = reader.next()) yield recordPacket(record);
    progress.add(piece.length);
  }
  reader.finish();
  for (let record = reader.next(); record; record = reader.next()) yield recordPacket(record);
}

async function wholeFile(file: string, io: Io): Promise<Uint8Array> {
  return file === STANDARD ? await buffer(io.stdin) : await readFile(file);
}

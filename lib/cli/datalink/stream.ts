/** `datalink stream`: shows, passes on or archives packets as they come. */

import { JsonLinesArchive } from "../../archive/json-lines.ts";
import { MiniSeedArchive } from "../../archive/mini-seed.ts";
import type { Packet } from "../../datalink/protocol/packet.ts";
import { parseJson } from "../../json.ts";
import { splitStreamId } from "../../stream-id.ts";
import { formatMicroseconds } from "../../time.ts";
import { defineCommand, EXIT_OK, type Io, usageError } from "../command.ts";
import { numberOption } from "../numbers.ts";
import { printable } from "../printable.ts";
import { FROM_OPTION, parseFromOption, readPackets } from "./reader.ts";
import {
  ADDRESSES,
  connectOptions,
  JSON_OPTION,
  MATCH_OPTIONS,
  onlyServer,
  SERVER_OPTIONS,
} from "./server-options.ts";

export const stream = defineCommand({
  name: "datalink stream",
  summary: "Show, pass on or archive packets as they come.",
  operands: "SERVER",
  options: {
    ...MATCH_OPTIONS,
    from: FROM_OPTION,
    count: { type: "string", short: "n", value: "N", help: "end after so many packets" },
    json: JSON_OPTION,
    raw: { type: "boolean", help: "the payloads alone, as they are" },
    write: {
      type: "string",
      value: "PATTERN",
      help: "archive miniSEED and JSON to files, such as SDS@/data",
    },
    ...SERVER_OPTIONS,
  },
  notes: `${ADDRESSES}\n\nIt runs until it is interrupted, and connects again when the connection is lost.`,
  async run({ options, operands, io }) {
    const { json, raw, write } = options;
    if ([json, raw, write !== undefined].filter(Boolean).length > 1) {
      throw usageError("choose one of --json, --raw and --write");
    }
    const count = numberOption("count", options.count) ?? Number.POSITIVE_INFINITY;
    if (raw && io.stdout.isTTY)
      throw usageError("raw payloads are nothing to read on a terminal: redirect them");
    await using target = write === undefined ? undefined : new Archives(write);
    const { match, reject } = options;
    const reading = {
      ...(await connectOptions(options)),
      match,
      reject,
      from: parseFromOption(options.from),
    };
    let taken = 0;
    await readPackets(onlyServer(operands), reading, io, async (packet) => {
      if (target) await target.write(packet, io);
      else await print(io, raw ? packet.payload : `${json ? asJson(packet) : asLine(packet)}\n`);
      return ++taken < count;
    });
    return EXIT_OK;
  },
});

/** An archive for each type, opened when the first packet of that type comes. */
class Archives implements AsyncDisposable {
  readonly #miniSeed: MiniSeedArchive;
  readonly #pattern: string;
  #jsonLines: JsonLinesArchive | undefined;

  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#miniSeed = new MiniSeedArchive({ pattern });
  }

  async write(packet: Packet, io: Io): Promise<void> {
    const { type } = splitStreamId(packet.streamId);
    if (type === "MSEED" || type === "MSEED3") {
      await this.#miniSeed.write(packet);
    } else if (type === "JSON" || type === "BZJSON") {
      this.#jsonLines ??= new JsonLinesArchive({ pattern: this.#pattern });
      await this.#jsonLines.write(packet);
    } else {
      io.stderr.write(`${printable(packet.streamId)} is neither miniSEED nor JSON: not archived\n`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#miniSeed.close(), this.#jsonLines?.close()]);
  }
}

/** Waits for whoever reads; fails when nobody does any more. */
async function print(io: Io, data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    io.stdout.write(data, (error) => (error ? reject(error) : resolve()));
  });
}

function asLine({ packetId, streamId, dataStart, dataEnd, payload }: Packet): string {
  const times = `${formatMicroseconds(dataStart)} ${formatMicroseconds(dataEnd)}`;
  return printable(`${packetId} ${streamId} ${times} ${payload.length} bytes`);
}

/** A JSON document as it is, anything else as base64. */
function asJson(packet: Packet): string {
  const { streamId, packetId, packetTime, dataStart, dataEnd, payload } = packet;
  return JSON.stringify({
    streamId,
    packetId: String(packetId),
    packetTime: formatMicroseconds(packetTime),
    dataStart: formatMicroseconds(dataStart),
    dataEnd: formatMicroseconds(dataEnd),
    ...document(packet, payload),
  });
}

function document({ streamId }: Packet, payload: Uint8Array): { payload: unknown } | { base64: string } {
  const bytes = Buffer.from(payload);
  try {
    if (splitStreamId(streamId).type === "JSON") return { payload: parseJson(bytes.toString()) };
  } catch {
    // It only says that it is JSON, or is too deep to be written as such.
  }
  return { base64: bytes.toString("base64") };
}

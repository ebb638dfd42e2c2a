/** Packets to a server from a program in Node.js, across all losses of the connection: {@link PacketWriter}. */
import { nodePlatform } from "./connect.ts";
import { type PacketWriterOptions, ResumingWriter } from "./core/writer.ts";

export type { PacketWriterOptions, WriteOptions, WriterEvent } from "./core/writer.ts";

/** Writes packets to a server, in order, and acknowledged; what it can do is in {@link ResumingWriter}. */
export class PacketWriter extends ResumingWriter {
  /** @throws DataLinkError `INVALID_ADDRESS`, `INVALID_ARGUMENT` */
  constructor(url: string, options: PacketWriterOptions = {}) {
    super(nodePlatform, url, options);
  }
}

/**
 * Records that mseed encode could not send, because the nodes behind it were stopped with it: they wait in a file for the next
 * start.
 */
import { readFile, rm } from "node:fs/promises";
import type { Node, NodeAPI } from "node-red";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { readRecords } from "../../lib/mseed/reader.ts";
import { nodeFile } from "../runtime/files.ts";

export class LeftOver {
  readonly #file: string;

  constructor(RED: NodeAPI, node: Node) {
    this.#file = nodeFile(RED, node, "left-over");
  }

  /** Adds records to those that wait. Resolves when they would survive a power failure. */
  async add(records: readonly Uint8Array[]): Promise<void> {
    if (records.length > 0) await replaceFile(this.#file, Buffer.concat([await this.#bytes(), ...records]));
  }

  /** The records that wait; what is not a record is left out. */
  async read(): Promise<Uint8Array[]> {
    return Array.from(readRecords(await this.#bytes()), ({ bytes }) => bytes);
  }

  async remove(): Promise<void> {
    await rm(this.#file, { force: true });
  }

  async #bytes(): Promise<Buffer> {
    try {
      return await readFile(this.#file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
      throw error;
    }
  }
}

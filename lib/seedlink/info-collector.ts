/** The answer to INFO put together from its frames: {@link InfoCollector}. */
import { allocateBytes, joinBytes, toLatin1, toText } from "../bytes.ts";
import type { Steps } from "../slices.ts";
import type { InfoItem } from "./protocol/commands.ts";
import { SeedLinkError, shown } from "./protocol/errors.ts";
import type { InfoFrame } from "./protocol/frame.ts";
import type { ServerHello } from "./protocol/hello.ts";
import type { SeedLinkInfo } from "./protocol/info.ts";
import { parseInfoJson } from "./protocol/info-json.ts";
import { parseInfoXml } from "./protocol/info-xml.ts";

/** Largest answer that is kept, in bytes: INFO STREAMS of a large server has megabytes. */
export const MAX_INFO = 64 * 1024 * 1024;

const NOTHING = allocateBytes(0);

/** Collects the frames of one answer. */
export class InfoCollector {
  readonly #item: InfoItem;
  readonly #server: string;
  readonly #hello: ServerHello;
  #pieces: Buffer[] = [];
  #size = 0;
  #refused = false;

  /** `server`: its name in sentences. */
  constructor(item: InfoItem, server: string, hello: ServerHello) {
    this.#item = item;
    this.#server = server;
    this.#hello = hello;
  }

  /**
   * Takes the next frame; once the answer is there, the reading of it, which throws SeedLinkError `SERVER_ERROR`,
   * `NOT_PERMITTED` where the server refuses, `PROTOCOL` where the answer makes no sense.
   *
   * @throws SeedLinkError `TOO_LARGE`
   */
  add(frame: InfoFrame): Steps<SeedLinkInfo> | undefined {
    const piece = frame.protocol === 4 ? frame.payload : this.#textOf(frame.payload);
    this.#size += piece.length;
    if (this.#size > MAX_INFO) {
      throw new SeedLinkError(
        "TOO_LARGE",
        `the answer to INFO ${this.#item} has more than ${MAX_INFO} bytes`,
      );
    }
    this.#pieces.push(piece);
    return frame.isLast ? this.#read(frame) : undefined;
  }

  *#read(frame: InfoFrame): Steps<SeedLinkInfo> {
    // A character may lie across two records: joined first, then decoded.
    const text = toText(joinBytes(this.#pieces));
    this.#pieces = [];
    if (this.#refused) throw this.#refusal("");
    if (frame.protocol === 3) {
      return { ...(yield* parseInfoXml(text, this.#hello)), item: this.#item, text };
    }
    const { error, ...info } = yield* parseInfoJson(text);
    if (frame.isError || error !== undefined) throw this.#refusal(error ?? "");
    return { ...info, item: this.#item, text };
  }

  /** The text in a record: as many bytes as it has samples. Its channel tells whether the server refused. */
  #textOf(record: Buffer): Buffer {
    const count = record[30]! * 0x100 + record[31]!;
    const offset = record[44]! * 0x100 + record[45]!;
    if (toLatin1(record, 15, 18) === "ERR") this.#refused = true;
    return offset + count <= record.length ? record.subarray(offset, offset + count) : NOTHING;
  }

  #refusal(reason: string): SeedLinkError {
    const said = reason === "" ? "" : ` with ${shown(reason, 300)}`;
    const code = /^(AUTH|UNAUTHORIZED)/.test(reason) ? "NOT_PERMITTED" : "SERVER_ERROR";
    return new SeedLinkError(
      code,
      `${this.#server} refused INFO ${this.#item}${said}: it may not know it, or not tell it to this client.`,
    );
  }
}

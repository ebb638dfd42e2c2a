/** Output of a command: standard output, or a file that is there whole or not at all. */
import { randomUUID } from "node:crypto";
import { access, constants, type FileHandle, open, realpath, rm, stat } from "node:fs/promises";
import path from "node:path";
import { createGzip } from "node:zlib";
import { moveInPlace } from "../files/replace-file.ts";
import { type Io, usageError } from "./command.ts";
import { STANDARD } from "./input.ts";
import type { OutputStream } from "./terminal.ts";

const GATHERED_BYTES = 256 * 1024;

/** Writes lines or bytes, in pieces of a good size and no faster than they are taken. */
export class Output implements AsyncDisposable {
  readonly #target: Target;
  readonly #gathered = Buffer.allocUnsafe(GATHERED_BYTES);
  #length = 0;

  private constructor(target: Target) {
    this.#target = target;
  }

  /**
   * Standard output for `-`. A file of that name is replaced when `close` is called, and only then: it may be the one that
   * is read, and a failure leaves it as it was. One whose name ends in .gz is compressed.
   */
  static async open(name: string, io: Io): Promise<Output> {
    if (name === STANDARD) return new Output(new StreamTarget(io.stdout));
    const file = await FileTarget.open(name);
    return new Output(name.endsWith(".gz") ? new GzipTarget(file) : file);
  }

  /**
   * The same for bytes that are not text.
   * @throws CommandError where they would go to a terminal
   */
  static async openBinary(name: string, io: Io): Promise<Output> {
    if (name === STANDARD && io.stdout.isTTY) {
      throw usageError("records are nothing to read on a terminal: name a file with --output");
    }
    return Output.open(name, io);
  }

  async line(text: string): Promise<void> {
    await this.write(Buffer.from(`${text}\n`));
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#length + bytes.length > GATHERED_BYTES) await this.flush();
    if (bytes.length > GATHERED_BYTES) {
      await this.#target.write(bytes);
    } else {
      this.#gathered.set(bytes, this.#length);
      this.#length += bytes.length;
    }
  }

  /** Hands on what is gathered. */
  async flush(): Promise<void> {
    if (this.#length === 0) return;
    const length = this.#length;
    this.#length = 0;
    await this.#target.write(this.#gathered.subarray(0, length));
  }

  /** Says that the output is complete. */
  async close(): Promise<void> {
    await this.flush();
    await this.#target.complete();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#target.end();
  }
}

/** Whether two names are of the same file, as it is now; `-` is none. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  if (a === STANDARD || b === STANDARD) return false;
  const [first, second] = await Promise.all([a, b].map((name) => stat(name).catch(() => undefined)));
  return first !== undefined && second !== undefined && first.dev === second.dev && first.ino === second.ino;
}

/** Where output goes. `write` resolves when the bytes may change again. */
interface Target {
  write(bytes: Uint8Array): Promise<void>;
  complete(): Promise<void>;
  /** Also after a failure: nothing half done stays. */
  end(): Promise<void>;
}

class StreamTarget implements Target {
  readonly #stream: OutputStream;

  constructor(stream: OutputStream) {
    this.#stream = stream;
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  async complete(): Promise<void> {}

  async end(): Promise<void> {}
}

/** A file under another name until it is complete. What is not a regular file, such as a pipe or a device, is written directly. */
class FileTarget implements Target {
  readonly #handle: FileHandle;
  readonly #name: string;
  /** `undefined`: written directly. */
  #temporary: string | undefined;

  private constructor(handle: FileHandle, name: string, temporary: string | undefined) {
    this.#handle = handle;
    this.#name = name;
    this.#temporary = temporary;
  }

  static async open(given: string): Promise<FileTarget> {
    // Through a symbolic link, the file behind it is the one that is replaced.
    const name = await realpath(given).catch(() => given);
    const found = await stat(name).catch(() => undefined);
    if (found && !found.isFile()) return new FileTarget(await open(name, "w"), name, undefined);
    // Replacing a file needs no permission to write it, but who took that away meant it.
    if (found) await access(name, constants.W_OK);
    const temporary = path.join(path.dirname(name), `.${randomUUID()}.tmp`);
    const handle = await open(temporary, "wx").catch((error: NodeJS.ErrnoException) => {
      throw Object.assign(error, { path: given });
    });
    if (found) await handle.chmod(found.mode);
    return new FileTarget(handle, name, temporary);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#handle.writeFile(bytes).catch((error: NodeJS.ErrnoException) => {
      throw Object.assign(error, { path: this.#name });
    });
  }

  async complete(): Promise<void> {
    if (this.#temporary === undefined) return;
    await this.#handle.sync();
    await moveInPlace(this.#temporary, this.#name);
    this.#temporary = undefined;
  }

  async end(): Promise<void> {
    await this.#handle.close();
    if (this.#temporary !== undefined) await rm(this.#temporary, { force: true });
  }
}

/** Compresses what goes to another target. */
class GzipTarget implements Target {
  readonly #target: Target;
  readonly #gzip = createGzip();
  /** Resolves when all is handed on. */
  readonly #handedOn: Promise<void>;
  #failure: Error | undefined;

  constructor(target: Target) {
    this.#target = target;
    this.#handedOn = this.#handOn();
    // Told by the write that it makes fail, or by `complete`.
    this.#handedOn.catch((error: Error) => {
      this.#failure = error;
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gzip.write(bytes, (error) => (error ? reject(this.#failure ?? error) : resolve()));
    });
  }

  async complete(): Promise<void> {
    this.#gzip.end();
    await this.#handedOn;
    await this.#target.complete();
  }

  async end(): Promise<void> {
    this.#gzip.destroy();
    await this.#handedOn.catch(() => {});
    await this.#target.end();
  }

  async #handOn(): Promise<void> {
    for await (const piece of this.#gzip as AsyncIterable<Buffer>) await this.#target.write(piece);
  }
}

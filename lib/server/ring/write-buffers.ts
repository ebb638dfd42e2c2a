/**
 * Memory for large writes, used again once the system has taken them: 128 KiB that live as long as one write would keep
 * the garbage collector busier than all else that sending packets takes.
 */

/** Bytes of a buffer; larger ones, and those that would leave half of it unused, are made for their occasion. */
const BUFFER_BYTES = 128 * 1024;

/** Buffers kept for later. */
const MAX_FREE = 16;

export class WriteBuffers {
  readonly #free: ArrayBufferLike[] = [];

  /** So many bytes, with anything in them. */
  take(size: number): Buffer {
    if (size > BUFFER_BYTES || size <= BUFFER_BYTES / 2) return Buffer.allocUnsafeSlow(size);
    const memory = this.#free.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES).buffer;
    return Buffer.from(memory, 0, size);
  }

  /** Takes back what {@link take} gave, which nobody may look at any more. */
  giveBack({ buffer }: Buffer): void {
    if (buffer.byteLength === BUFFER_BYTES && this.#free.length < MAX_FREE) this.#free.push(buffer);
  }
}

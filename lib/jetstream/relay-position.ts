/**
 * The position of a relay into a stream, in a file: behind which packet of its source everything is stored, and behind which number of the
 * stream all is that may be stored of what came later. At the next start only that has to be looked at.
 */
import { Fifo } from "../net/fifo.ts";
import type { Checkpoint } from "../subscription/checkpoint.ts";
import { type PositionFormat, StateFile } from "../subscription/state-file.ts";

interface Kept<Position> {
  readonly position: Position;
  readonly sequence: number | undefined;
}

/** A packet that was given to the stream. */
export interface GivenPacket {
  /** Everything given from it on is stored behind this number; 0: not known. */
  readonly mark: number;
  isStored: boolean;
}

/** Keeps where a reader of the source is, as its checkpoint, together with where the stream was then. */
export class RelayPosition<Position> implements Checkpoint<Position> {
  readonly #file: StateFile<Kept<Position>>;
  /** In the order in which they were given, from the first that is not stored on. */
  readonly #given = new Fifo<GivenPacket>();
  #loaded: Promise<Kept<Position> | undefined> | undefined;
  #mark = 0;

  /** `onError` hears of a position that could not be written; the next one is tried again. */
  constructor(file: string, format: PositionFormat<Position>, onError: (error: Error) => void) {
    this.#file = new StateFile(
      file,
      { write: (kept) => write(kept, format), read: (value) => read(value, format) },
      onError,
    );
  }

  /** Behind which number of the stream to look for what is stored already; `undefined` where it is not known. */
  async sequence(): Promise<number | undefined> {
    try {
      return (await this.#load())?.sequence;
    } catch {
      // The reader of the source tells of a file that cannot be read.
      return undefined;
    }
  }

  async load(): Promise<Position | undefined> {
    return (await this.#load())?.position;
  }

  /** A packet is given to the stream, whose `mark` this is. */
  given(mark: number): GivenPacket {
    const given = { mark, isStored: false };
    this.#given.push(given);
    return given;
  }

  /** It is stored; `mark` is what the next packet to be given would have. */
  stored(given: GivenPacket, mark: number): void {
    given.isStored = true;
    while (this.#given.first?.isStored) this.#given.shift();
    this.#mark = this.#given.first?.mark ?? mark;
  }

  save(position: Position): void {
    this.#file.save({ position, sequence: this.#mark > 0 ? this.#mark : undefined });
  }

  flush(): Promise<void> {
    return this.#file.flush();
  }

  #load(): Promise<Kept<Position> | undefined> {
    this.#loaded ??= this.#file.load();
    return this.#loaded;
  }
}

function write<Position>({ position, sequence }: Kept<Position>, format: PositionFormat<Position>): unknown {
  return { position: format.write(position), sequence };
}

function read<Position>(value: unknown, format: PositionFormat<Position>): Kept<Position> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { position, sequence } = value as Record<string, unknown>;
  const own = format.read(position);
  if (
    own === undefined ||
    !(sequence === undefined || (Number.isSafeInteger(sequence) && (sequence as number) > 0))
  )
    return undefined;
  return { position: own, sequence: sequence as number | undefined };
}

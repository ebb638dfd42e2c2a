/** Where a reader keeps its position: {@link Checkpoint}. */
import { CodedError } from "../errors.ts";

/** A place for the position of a reader. */
export interface Checkpoint<Position> {
  /**
   * The position that was saved last, if there is one. Throws {@link PositionError} where there was one that cannot be read,
   * and is kept aside: the reader says so, and begins as if there were none.
   */
  load(): Promise<Position | undefined>;
  /** Takes the position of the last packet that is committed together with all before it. */
  save(position: Position): void;
  /** Resolves when what was saved is safe. */
  flush(): Promise<void>;
}

/** A position that was saved cannot be used. `DAMAGED_POSITION`: what was saved is not a position. */
export class PositionError extends CodedError<"DAMAGED_POSITION"> {}

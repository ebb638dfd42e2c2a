/** What every subscription may be given besides what its protocol asks, and what of it its reader takes. */
import type { BackoffOptions } from "../net/backoff.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { WindowLimits } from "./commit-window.ts";
import type { ReaderOptions } from "./resuming-reader.ts";

/** Where a subscription keeps its position, and what happens when packets are not read as fast as they come. */
export interface ReadingOptions<Position, Event> {
  /** Where the position is kept: it is asked for it before the beginning, and goes before `from`. */
  checkpoint?: Checkpoint<Position> | undefined;
  /** How many packets may be handed out and not committed. Default: 1000 with a checkpoint, else no limit. */
  maxInFlight?: number | undefined;
  /** How many bytes of packets may be handed out and not committed. Default: 64 MiB where `maxInFlight` counts, else no limit. */
  maxInFlightBytes?: number | undefined;
  /** Called with what happens to the connection. */
  onEvent?: ((event: Event) => void) | undefined;
  /** How long to wait between attempts to connect. */
  backoff?: BackoffOptions | undefined;
  /** Ends the subscription: its loop throws `ABORTED`. */
  signal?: AbortSignal | undefined;
}

const DEFAULT_IN_FLIGHT = 1000;
const DEFAULT_IN_FLIGHT_BYTES = 64 * 1024 * 1024;

/** @param invalid makes the error for what cannot be used */
export function readerOptions<Position, Event>(
  options: ReadingOptions<Position, Event>,
  invalid: (message: string) => Error,
): ReaderOptions<Position> {
  const { checkpoint, backoff, signal } = options;
  return { checkpoint, backoff, signal, window: windowOf(options, invalid) };
}

function windowOf<Position, Event>(
  { checkpoint, maxInFlight, maxInFlightBytes }: ReadingOptions<Position, Event>,
  invalid: (message: string) => Error,
): WindowLimits | undefined {
  const packets = maxInFlight ?? (checkpoint ? DEFAULT_IN_FLIGHT : undefined);
  if (packets === undefined && maxInFlightBytes === undefined) return undefined;
  const fromOne = (value: number, name: string, what: string): number => {
    if (value >= 1) return value;
    throw invalid(`${name} is a number of ${what} from 1, not ${String(value)}.`);
  };
  return {
    packets: fromOne(packets ?? Number.POSITIVE_INFINITY, "maxInFlight", "packets"),
    bytes: fromOne(maxInFlightBytes ?? DEFAULT_IN_FLIGHT_BYTES, "maxInFlightBytes", "bytes"),
  };
}

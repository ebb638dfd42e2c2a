/**
 * Judges what comes by the plan that was made: numbers widened, packets that were not asked for or have been had dropped,
 * and the first one compared with the one that should come first. Pure; one for each connection.
 */
import type { DataFrame } from "./protocol/frame.ts";
import { StreamMatcher } from "./protocol/matching.ts";
import { candidateOf, PacketMaker, type PacketStream, type SeedLinkPacket } from "./protocol/packet.ts";
import type { StationRequest } from "./protocol/selectors.ts";
import { widenSequence } from "./protocol/sequence.ts";
import type { Drop, Judgement, Plan } from "./resume.ts";

/** `deliver`: new. `drop`: not asked for, or had already. `redo`: it is not what was to come; begin again. */
export type Verdict =
  | { readonly kind: "deliver"; readonly packet: SeedLinkPacket }
  | { readonly kind: "drop"; readonly packet: SeedLinkPacket }
  | { readonly kind: "redo"; readonly why: "other-history" | "lapped"; readonly station: string };

export interface ArrivalsOptions {
  /** Hears of packets that were overwritten after the server had said that it holds them. */
  readonly onGap?: ((station: string, first: bigint, last: bigint) => void) | undefined;
  /** Whether a first packet that may have been skipped to is taken as it is: it has been asked for anew already. */
  readonly trustsFirst?: boolean;
}

/** What has come of those that have numbers of their own. */
interface Series {
  readonly judgement: Judgement | undefined;
  /** The last number; `undefined` until the first packet has been looked at. */
  last: bigint | undefined;
}

export class Arrivals {
  readonly #plan: Plan;
  readonly #protocol: 3 | 4;
  readonly #matcher: StreamMatcher;
  readonly #options: ArrivalsOptions;
  readonly #wantsAll: boolean;
  readonly #packets = new PacketMaker();
  /** By station; `*` for the ring. */
  readonly #series = new Map<string, Series>();
  /** Whether the streams that have come are asked for. */
  readonly #wanted = new WeakMap<PacketStream, boolean>();
  /** Whether the next packet follows the one that this connection was begun at, however far its number is. */
  #trustsNext = false;

  constructor(
    plan: Plan,
    requests: readonly StationRequest[],
    protocol: 3 | 4,
    options: ArrivalsOptions = {},
  ) {
    this.#plan = plan;
    this.#options = options;
    this.#wantsAll = requests.some(({ station, selectors }) => station === "*" && selectors.length === 0);
    this.#protocol = protocol;
    this.#matcher = new StreamMatcher(requests);
  }

  /** @param receivedAt microseconds since 1970 */
  judge(frame: DataFrame, receivedAt: number): Verdict {
    const packet = this.#packets.make(frame, receivedAt);
    const key = this.#plan.numbering === "ring" ? "*" : packet.station;
    const series = this.#series.get(key) ?? this.#begin(key);
    const { judgement, last } = series;
    if (this.#protocol === 3) {
      packet.sequence = widenSequence(Number(packet.sequence), last ?? judgement?.near);
    }
    series.last = packet.sequence;
    if (last === undefined) {
      if (!isExpected(packet, judgement)) return { kind: "redo", why: "other-history", station: key };
      if (judgement?.expect) {
        this.#trustsNext = true;
        return { kind: "drop", packet };
      }
      if (this.#isSkippedTo(packet.sequence, judgement)) return { kind: "redo", why: "lapped", station: key };
    }
    if (this.#isLap(packet.sequence, last)) return { kind: "redo", why: "lapped", station: key };
    this.#checkConsecutive(key, packet.sequence, last);
    if (!this.#isWanted(this.#packets.stream)) return { kind: "drop", packet };
    return { kind: this.#hasBeenHad(packet, judgement?.drop) ? "drop" : "deliver", packet };
  }

  /** Of stations that came by a pattern, the pattern's judgement counts. */
  #begin(key: string): Series {
    const { judgements } = this.#plan;
    const series: Series = { judgement: judgements.get(key) ?? judgements.get("*"), last: undefined };
    this.#series.set(key, series);
    return series;
  }

  #isWanted(stream: PacketStream): boolean {
    let wanted = this.#wanted.get(stream);
    if (wanted === undefined) {
      wanted = this.#matcher.matches(candidateOf(stream));
      this.#wanted.set(stream, wanted);
    }
    return wanted;
  }

  /**
   * Whether the first packet of all that the ring holds is one that the server skipped to, its beginning being overwritten
   * meanwhile: then it is the newest. What lies between is still there, and asked for anew; if only the beginning is gone,
   * that is told.
   */
  #isSkippedTo(sequence: bigint, judgement: Judgement | undefined): boolean {
    const held = judgement?.held;
    // The very oldest packet is never sent.
    if (held === undefined || sequence <= held.first + 1n) return false;
    if (sequence >= held.next - 1n && !this.#options.trustsFirst) return true;
    if (this.#wantsAll && judgement?.how !== "new")
      this.#options.onGap?.("*", held.first + 1n, sequence - 1n);
    return false;
  }

  /** ringserver sends a reader that it has overtaken to the newest packet, and says nothing. */
  #isLap(sequence: bigint, last: bigint | undefined): boolean {
    const { span } = this.#plan;
    const trusted = this.#trustsNext;
    this.#trustsNext = false;
    if (trusted || span === undefined || last === undefined) return false;
    return sequence - last >= span && sequence - last > 1n;
  }

  /** A station's own numbers follow one another: what is missing was overwritten before it could be sent. */
  #checkConsecutive(station: string, sequence: bigint, last: bigint | undefined): void {
    if (!this.#plan.isConsecutive || last === undefined || sequence <= last + 1n) return;
    if (this.#matcher.requestFor(station)?.selectors.length === 0) {
      this.#options.onGap?.(station, last + 1n, sequence - 1n);
    }
  }

  #hasBeenHad(packet: SeedLinkPacket, drop: Drop | undefined): boolean {
    if (drop === undefined || drop.rule === "none") return false;
    const latest = this.#plan.position.streams.get(packet.sourceId);
    const isOld = latest !== undefined && packet.dataStart <= latest;
    if (drop.rule === "times") return isOld;
    if (packet.sequence > drop.sequence) return false;
    return latest === undefined ? drop.sure : isOld;
  }
}

function isExpected(packet: SeedLinkPacket, judgement: Judgement | undefined): boolean {
  const expect = judgement?.expect;
  if (expect === undefined) return true;
  return (
    packet.sequence === expect.sequence &&
    packet.sourceId === expect.sourceId &&
    packet.dataStart === expect.start
  );
}

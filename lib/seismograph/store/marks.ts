/** Triggers and catalogue events that a seismograph marks in its pictures: the newest ones, each by its id. */
import { isDeepStrictEqual } from "node:util";
import { MAX_EVENTS, MAX_TRIGGERS } from "../../limits.ts";
import type { Arrival, EventMark, TriggerMark } from "../frames.ts";

interface Kept<Mark> {
  mark: Mark;
  /** Grows with each change of any mark. */
  change: number;
}

export class Marks {
  readonly #triggers = new Map<string, Kept<TriggerMark>>();
  readonly #events = new Map<string, Kept<EventMark>>();
  #change = 0;
  /** Counts how often all was forgotten. */
  epoch = 0;
  /** Hears of each change but of arrivals. */
  onChange: () => void = () => {};

  /** The number of the last change. */
  get change(): number {
    return this.#change;
  }

  get triggers(): TriggerMark[] {
    return [...this.#triggers.values()].map(({ mark }) => mark);
  }

  get events(): EventMark[] {
    return [...this.#events.values()].map(({ mark }) => mark);
  }

  /** Takes a trigger; false where it had ended before: a beginning that comes once more does not open it again. */
  addTrigger(mark: TriggerMark): boolean {
    const known = this.#triggers.get(mark.id)?.mark;
    if (known && known.off !== null && mark.off === null) return false;
    put(this.#triggers, { mark, change: ++this.#change }, MAX_TRIGGERS, ({ on }) => on);
    this.onChange();
    return true;
  }

  /** Takes an event with its arrivals, which are asked for only if it is new or has changed: catalogues are told again and again. */
  addEvent(mark: EventMark, arrivalsOf: (event: EventMark) => EventMark["arrivals"] = () => ({})): void {
    const known = this.#events.get(mark.id)?.mark;
    if (known && isSame(known, mark)) return;
    const arrivals = { ...known?.arrivals, ...mark.arrivals, ...arrivalsOf(mark) };
    put(
      this.#events,
      { mark: { ...mark, arrivals }, change: ++this.#change },
      MAX_EVENTS,
      ({ time }) => time,
    );
    this.onChange();
  }

  /** Says of each event when its waves come to a channel, if that can be said. */
  arrive(channel: string, arrivalOf: (event: EventMark) => Arrival | undefined): void {
    for (const kept of this.#events.values()) {
      const arrival = Object.hasOwn(kept.mark.arrivals, channel) ? undefined : arrivalOf(kept.mark);
      if (!arrival) continue;
      kept.mark = { ...kept.mark, arrivals: { ...kept.mark.arrivals, [channel]: arrival } };
      kept.change = ++this.#change;
    }
  }

  /** Those that have changed since. */
  since(change: number): { triggers: TriggerMark[]; events: EventMark[] } {
    if (change === this.#change) return { triggers: [], events: [] };
    return { triggers: changed(this.#triggers, change), events: changed(this.#events, change) };
  }

  /** Takes those of before that nothing newer is known of. */
  restore(
    { triggers, events }: { triggers: readonly TriggerMark[]; events: readonly EventMark[] },
    arrivalsOf: (event: EventMark) => EventMark["arrivals"],
  ): void {
    for (const trigger of triggers) if (!this.#triggers.has(trigger.id)) this.addTrigger(trigger);
    for (const event of events)
      if (!this.#events.has(event.id)) this.addEvent(event, () => arrivalsOf(event));
  }

  /** Forgets all. */
  clear(): void {
    this.#triggers.clear();
    this.#events.clear();
    this.epoch++;
    this.#change++;
    this.onChange();
  }
}

/** Puts a mark behind all others. Where there are too many, the one of the earliest time goes, in whatever order they are told. */
function put<Mark extends { id: string }>(
  marks: Map<string, Kept<Mark>>,
  kept: Kept<Mark>,
  most: number,
  timeOf: (mark: Mark) => number,
): void {
  marks.delete(kept.mark.id);
  marks.set(kept.mark.id, kept);
  if (marks.size <= most) return;
  let earliest = kept.mark;
  for (const { mark } of marks.values()) if (timeOf(mark) < timeOf(earliest)) earliest = mark;
  marks.delete(earliest.id);
}

function isSame(known: EventMark, mark: EventMark): boolean {
  const { arrivals: _known, ...before } = known;
  const { arrivals: _mark, ...now } = mark;
  return isDeepStrictEqual(before, now);
}

function changed<Mark>(marks: ReadonlyMap<string, Kept<Mark>>, since: number): Mark[] {
  return [...marks.values()].filter(({ change }) => change > since).map(({ mark }) => mark);
}

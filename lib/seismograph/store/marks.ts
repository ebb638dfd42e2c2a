/** Triggers and catalogue events that a seismograph marks in its pictures: the newest ones, each by its id. */
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

  addTrigger(mark: TriggerMark): void {
    // An end that comes once more, or before its beginning, does not open the trigger again.
    const known = this.#triggers.get(mark.id)?.mark;
    const isEnded = known !== undefined && known.off !== null && mark.off === null;
    if (!isEnded) put(this.#triggers, mark, ++this.#change, MAX_TRIGGERS);
  }

  addEvent(mark: EventMark): void {
    const arrivals = { ...this.#events.get(mark.id)?.mark.arrivals, ...mark.arrivals };
    put(this.#events, { ...mark, arrivals }, ++this.#change, MAX_EVENTS);
  }

  /** Says of each event when its waves come to a channel, if that can be said. */
  arrive(channel: string, arrivalOf: (event: EventMark) => Arrival | undefined): void {
    for (const kept of this.#events.values()) {
      const arrival = kept.mark.arrivals[channel] ? undefined : arrivalOf(kept.mark);
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

  /** Forgets what was over before a time, in microseconds since 1970. */
  forget(before: number): void {
    for (const [id, { mark }] of this.#triggers)
      if ((mark.off ?? mark.on) < before) this.#triggers.delete(id);
    for (const [id, { mark }] of this.#events) if (mark.time < before) this.#events.delete(id);
  }
}

function put<Mark extends { id: string }>(
  marks: Map<string, Kept<Mark>>,
  mark: Mark,
  change: number,
  most: number,
) {
  marks.delete(mark.id);
  marks.set(mark.id, { mark, change });
  for (const id of marks.keys()) {
    if (marks.size <= most) break;
    marks.delete(id);
  }
}

function changed<Mark>(marks: ReadonlyMap<string, Kept<Mark>>, since: number): Mark[] {
  return [...marks.values()].filter(({ change }) => change > since).map(({ mark }) => mark);
}

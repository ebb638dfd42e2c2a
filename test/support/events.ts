/** Events of a kind that a test waits for, whether they have happened already or are to come. */
import { EventEmitter, once } from "node:events";

export interface EventRecorder<Event extends { type: string }> {
  readonly all: Event[];
  readonly onEvent: (event: Event) => void;
  /** How many there were of a type. */
  count(type: Event["type"]): number;
  /** The first event of a type (that fits), perhaps one to come. */
  wait<Type extends Event["type"]>(
    type: Type,
    fits?: (event: Event & { type: Type }) => boolean,
  ): Promise<Event & { type: Type }>;
}

export function recordEvents<Event extends { type: string }>(): EventRecorder<Event> {
  const all: Event[] = [];
  const heard = new EventEmitter();
  return {
    all,
    onEvent(event) {
      all.push(event);
      heard.emit("event");
    },
    count: (type) => all.filter((event) => event.type === type).length,
    async wait(type, fits = () => true) {
      type Wanted = Event & { type: typeof type };
      const isWanted = (event: Event): event is Wanted => event.type === type && fits(event as Wanted);
      for (;;) {
        const found = all.find(isWanted);
        if (found) return found;
        await once(heard, "event");
      }
    },
  };
}

/** Keeps a model of what the seismograph tells: a new one for each response, shown once its snapshot is whole. */
import { type Frame, PROTOCOL } from "../lib/seismograph/frames.ts";
import { Model } from "./model/model.ts";
import { type Loss, Stream } from "./stream.ts";

export interface FeedEvents {
  /** The model has more than before. */
  told(model: Model): void;
  lost(loss: Loss): void;
}

/** A page that is of another time than its seismograph loads itself again, once in so many milliseconds. */
const RELOAD_PAUSE = 60_000;
const RELOADED = "seismograph-reloaded";

export class Feed {
  readonly #events: FeedEvents;
  #stream: Stream | undefined;
  #coming: Model | undefined;
  #model: Model | undefined;
  #wanted: ReadonlySet<string> | undefined;

  constructor(events: FeedEvents) {
    this.#events = events;
    addEventListener("online", () => this.#stream?.wake());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#stream?.wake();
    });
    addEventListener("pagehide", ({ persisted }) => {
      if (!persisted) this.#stream?.close();
    });
  }

  /** Asks for something else; what was told so far stays until the new snapshot is whole. */
  open(query: Record<string, string>): void {
    this.#wanted = query.channels === undefined ? undefined : new Set(query.channels.split(","));
    this.#stream?.close();
    this.#coming = undefined;
    // What is not asked any more is not told.
    const own = (act: () => void) => {
      if (stream === this.#stream) act();
    };
    const stream: Stream = new Stream(`stream?${new URLSearchParams(query)}`, {
      frame: (frame) => own(() => this.#take(frame)),
      flush: () => own(() => this.#flush()),
      lost: (loss) => own(() => this.#events.lost(loss)),
    });
    this.#stream = stream;
  }

  #take(frame: Frame): void {
    if (frame.type === "hello") {
      if (frame.protocol !== PROTOCOL) reload();
      this.#coming = new Model(frame, this.#wanted);
    } else this.#coming?.apply(frame);
  }

  #flush(): void {
    if (this.#coming?.isComplete) this.#model = this.#coming;
    if (this.#model && this.#model === this.#coming) this.#events.told(this.#model);
  }
}

function reload(): void {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - last < RELOAD_PAUSE) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
}

/** The channels as a table of words, for screen readers and for the keyboard: it is seen once something in it has the focus. */
import { element, write } from "./dom.ts";
import { drumPath, pageLink } from "./links.ts";
import type { Channel } from "./model/channel.ts";
import { clockTime } from "./model/marks.ts";
import type { Model } from "./model/model.ts";
import type { Settings } from "./settings.ts";

interface Row {
  element: HTMLTableRowElement;
  latency: HTMLTableCellElement;
  trigger: HTMLTableCellElement;
}

export class TextTable {
  readonly element: HTMLElement;
  readonly #settings: Settings;
  readonly #body = element("tbody");
  readonly #rows = new Map<string, Row>();

  constructor(settings: Settings) {
    const { say } = settings;
    this.#settings = settings;
    const heads = (["stream", "latency", "trigger"] as const).map((key) =>
      element("th", { scope: "col" }, say(key)),
    );
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...heads)), this.#body);
    this.element = element("section", { class: "table", "aria-label": say("table") }, table);
  }

  /** Writes what has changed, and nothing else. */
  show(model: Model, channels: readonly Channel[]): void {
    const gone = new Set(this.#rows.keys());
    for (const channel of channels) {
      gone.delete(channel.id);
      const row = this.#rowOf(channel);
      write(row.latency, this.#latency(channel));
      write(row.trigger, this.#trigger(model, channel));
    }
    for (const id of gone) {
      this.#rows.get(id)!.element.remove();
      this.#rows.delete(id);
    }
  }

  #rowOf({ id, name }: Channel): Row {
    const known = this.#rows.get(id);
    if (known) return known;
    const link = pageLink(this.#settings, drumPath(id), name);
    const latency = element("td");
    const trigger = element("td");
    const row = element("tr", {}, element("th", { scope: "row" }, link), latency, trigger);
    this.#body.append(row);
    this.#rows.set(id, { element: row, latency, trigger });
    return { element: row, latency, trigger };
  }

  #latency({ status }: Channel): string {
    return status ? latencyText(status.latency) : this.#settings.say("nothingYet");
  }

  #trigger(model: Model, { id, status }: Channel): string {
    const { say } = this.#settings;
    const latest = model.triggersOf(id).at(-1);
    if (!status?.isTriggered || !latest) return say("none");
    const ratio = latest.ratio ?? status.ratio;
    return say("ratio", {
      time: clockTime(latest.on),
      ratio: Number.isFinite(ratio) ? ratio.toFixed(1) : "–",
    });
  }
}

/** `0.8 s`, `41 s`, `3 min`, `2.5 h`; a dash where nothing is known. */
export function latencyText(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (Math.abs(seconds) < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

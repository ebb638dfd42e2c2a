/** What has happened between two looks at the channels, as sentences for those who do not see the picture. Pure. */
import type { Say } from "../texts/index.ts";
import { clockTime } from "./marks.ts";
import type { Model } from "./model.ts";

/** Tells of triggers and of channels that are late or back, each once. */
export class News {
  readonly #late = new Set<string>();
  readonly #triggered = new Set<string>();
  #hasBegun = false;

  /** The sentences since the last call; none at the first, when everything is new. */
  of(model: Model, say: Say): string[] {
    const sentences = [...this.#lateness(model, say), ...this.#triggers(model, say)];
    if (this.#hasBegun) return sentences;
    this.#hasBegun = true;
    return [];
  }

  #lateness(model: Model, say: Say): string[] {
    return model.channels.flatMap(({ id, name, isLate }) => {
      if (isLate === this.#late.has(id)) return [];
      if (isLate) this.#late.add(id);
      else this.#late.delete(id);
      return [say(isLate ? "isLate" : "isBack", { id: name })];
    });
  }

  #triggers(model: Model, say: Say): string[] {
    const sentences: string[] = [];
    for (const { id, channel, on } of model.triggers.values()) {
      if (this.#triggered.has(id)) continue;
      this.#triggered.add(id);
      const name = model.channel(channel)?.name ?? channel;
      sentences.push(say("triggered", { id: name, time: clockTime(on) }));
    }
    for (const id of this.#triggered) if (!model.triggers.has(id)) this.#triggered.delete(id);
    return sentences;
  }
}

/**
 * How long the text may be that says which streams: servers refuse what is longer when they are connected to, so that it is said
 * below the field before.
 */
import { chosenConnection } from "../connection-questions.ts";
import { ask } from "../dialog.ts";
import { text } from "../texts.ts";

/** ringserver takes as many bytes of a pattern as ten packets have, of 512 bytes where nobody has set another size. */
export const LEAST_PATTERN = 6320;

/** How long somebody who types has to rest before the server is asked, in milliseconds. */
const REST_MS = 500;

export class TextLength {
  /** Characters that every server takes; once it is known, those that the chosen one takes. */
  max: number;
  readonly #least: number;
  /** Asks a server how many it takes, where it tells. */
  readonly #resource: string | undefined;
  /** The server that has been asked. */
  #asked: string | undefined;
  #timer: number | undefined;
  readonly #updates: (() => void)[] = [];

  constructor(least: number, resource?: string) {
    this.max = least;
    this.#least = least;
    this.#resource = resource;
  }

  /** Says below a field that its text is too long, as long as it is. */
  watch(field: string): void {
    const warning = $("<div>", { class: "datalink-hint datalink-bad", role: "alert" }).hide();
    $(field).closest(".form-row").after(warning);
    const update = () => {
      const { length } = String($(field).val() ?? "").trim();
      const isTooLong = length > this.max;
      warning.toggle(isTooLong).text(isTooLong ? text("too-long", { length, max: this.max }) : "");
      if (length > this.#least) this.#askSoon();
    };
    this.#updates.push(update);
    $(field).on("input change", update);
    $("#node-input-connection").on("change", () => {
      this.note(undefined);
      update();
    });
    update();
  }

  /** What the chosen server has said. */
  note(max: number | undefined): void {
    this.max = max ?? this.#least;
    if (max === undefined) this.#asked = undefined;
    else for (const update of this.#updates) update();
  }

  /** Once for each server, when somebody who types has come to rest. */
  #askSoon(): void {
    const resource = this.#resource;
    if (resource === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      const server = chosenConnection();
      const name = JSON.stringify(server);
      if (name === this.#asked) return;
      this.#asked = name;
      ask("POST", resource, server, ({ maxPattern }) => {
        if (this.#asked === name && maxPattern !== undefined) this.note(maxPattern);
      });
    }, REST_MS);
  }
}

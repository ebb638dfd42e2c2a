/** Streams of the chosen server, to search and pick from; what is picked becomes the text of a field when one says so. */
import { chosenConnection } from "../connection-questions.ts";
import { ask, onPress } from "../dialog.ts";
import { text } from "../texts.ts";
import { type Picked, picked, streamTree } from "./streams.ts";
import type { TextLength } from "./text-length.ts";
import { StreamTree } from "./tree-view.ts";

interface Picker {
  /** Shows the streams. */
  button: string;
  /** Where they are shown. */
  list: string;
  /** What is picked for. */
  field: string;
  /** What the runtime is asked. */
  resource: string;
  /** What is picked, as the text of the field. */
  pattern: (picks: readonly Picked[]) => string;
  /** The text of the field with what is picked besides. */
  both: (before: string, pattern: string) => string;
  /** How long the text of the field may be. */
  length: TextLength;
}

/** How long somebody who types has to rest before it is searched, in milliseconds. */
const REST_MS = 150;

export function streamPicker(picker: Picker): void {
  const { button, list, field, resource, length } = picker;
  const status = $(list).find("[role=status]");
  onPress(button, (done) => {
    $(list).show().children().not(status).remove();
    status.removeClass("datalink-bad").text(text("testing"));
    ask("POST", resource, chosenConnection(), ({ error, streams = [], total, maxPattern }) => {
      done();
      if (maxPattern !== undefined) length.note(maxPattern);
      status.toggleClass("datalink-bad", Boolean(error)).text(error ?? "");
      if (!error && $(field).length > 0) show(picker, streams, total);
    });
  });
}

function show(picker: Picker, streams: string[], total: number): void {
  const { button, list } = picker;
  const status = $(list).find("[role=status]");
  const networks = streamTree(streams);
  const result = $("<div>", { class: "datalink-picked" });
  const tree = new StreamTree(networks, $(button).attr("aria-label") ?? "", () =>
    showPicked(picker, result, picked(networks)),
  );
  const find = (words: string) => {
    status.text(text("selects", { selected: tree.search(words), total }));
  };
  const input = $("<input>", { type: "text", placeholder: text("search"), "aria-label": text("search") });
  let timer: number | undefined;
  input.on("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => find(String(input.val())), REST_MS);
  });
  // Enter would close the dialog.
  input.on("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault();
  });
  status.before(input).after(tree.element, result);
  find("");
  showPicked(picker, result, []);
}

/** What is picked, and what may be done with it. */
function showPicked(picker: Picker, result: JQuery, picks: readonly Picked[]): void {
  const { field, pattern, both } = picker;
  const { max } = picker.length;
  const found = pattern(picks);
  const take = (key: "add" | "replace", value: () => string) =>
    $("<button>", { type: "button", class: "red-ui-button red-ui-button-small", text: text(key) }).on(
      "click",
      () => {
        $(field).val(value()).trigger("change");
      },
    );
  result.empty();
  if (found === "") {
    result.text(text("pick"));
    return;
  }
  $("<code>", { text: found }).appendTo(result);
  if (found.length > max) {
    const values = { length: found.length, max };
    $("<p>", { class: "datalink-bad", role: "alert", text: text("too-long", values) }).appendTo(result);
  }
  const before = () => String($(field).val() ?? "").trim();
  const buttons = $("<div>").appendTo(result);
  take("replace", () => found).appendTo(buttons);
  if (before() !== "") take("add", () => both(before(), found)).appendTo(buttons);
}

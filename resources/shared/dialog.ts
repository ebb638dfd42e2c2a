/** Fields and buttons of a dialog, and what it asks the runtime. */
import { text } from "./texts.ts";

/** What the runtime answers: what was asked for, or a sentence that says why not. */
export interface Answer {
  error?: string;
  [name: string]: any;
}

/** The text of one of the dialog's fields. */
export function fieldValue(name: string, prefix = "node-input"): string {
  return String($(`#${prefix}-${name}`).val() ?? "");
}

/** Shows rows only while another field has one of the given values. */
export function showWhen(rows: string, field: string, values: string[]): void {
  const chosen = () => ($(field).is(":checkbox") ? $(field).prop("checked") : $(field).val());
  const update = () => $(rows).toggle(values.includes(String(chosen())));
  $(field).on("change", update);
  update();
}

/** Asks the runtime; calls back with its answer, or with `{ error }`. */
export function ask(
  method: "GET" | "POST",
  resource: string,
  data: object,
  done: (answer: Answer) => void,
): void {
  $.ajax({
    method,
    url: `datalink/${resource}`,
    data: method === "POST" ? JSON.stringify(data) : data,
    ...(method === "POST" && { contentType: "application/json" }),
    dataType: "json",
    timeout: 60_000,
  })
    .done(done)
    .fail((request, reason) => {
      const isRefused = request.status === 401 || request.status === 403;
      const why = () => text("no-answer", { reason: request.statusText || reason });
      done({ error: isRefused ? text("not-permitted") : why() });
    });
}

/**
 * What a button does, once at a time: `work` calls back when it is through. The button is never disabled, because that would
 * take the keyboard's focus away from it.
 */
export function onPress(button: string, work: (done: () => void) => void): void {
  let isBusy = false;
  const setBusy = (busy: boolean) => {
    isBusy = busy;
    $(button).toggleClass("disabled", busy).attr("aria-disabled", String(busy));
  };
  $(button).on("click", (event) => {
    event.preventDefault();
    if (isBusy) return;
    setBusy(true);
    work(() => setBusy(false));
  });
}

/** The controls of the bar: native ones, so that keys, screen readers and phones know them. */
import { element } from "./dom.ts";

export interface Choice {
  value: string;
  text: string;
}

/** A menu of one choice. `set` changes what is offered and chosen. */
export interface Menu {
  element: HTMLSelectElement;
  set(choices: readonly Choice[], value: string): void;
}

export function menu(label: string, onChange: (value: string) => void): Menu {
  const select = element("select", { "aria-label": label, title: label });
  let shown = "";
  select.addEventListener("change", () => onChange(select.value));
  return {
    element: select,
    set(choices, value) {
      const wanted = JSON.stringify(choices);
      // Not while it is open for nothing: a menu that is written anew closes.
      if (wanted !== shown)
        select.replaceChildren(
          ...choices.map((choice) => element("option", { value: choice.value }, choice.text)),
        );
      shown = wanted;
      if (select.value !== value) select.value = value;
    },
  };
}

export function button(label: string, text: string, onClick: () => void): HTMLButtonElement {
  const made = element("button", { type: "button", "aria-label": label, title: label }, text);
  made.addEventListener("click", onClick);
  return made;
}

/** A button that says what it does, in words. */
export function textButton(text: string, onClick: () => void): HTMLButtonElement {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", onClick);
  return made;
}

export function press(control: HTMLButtonElement, isPressed: boolean): void {
  control.setAttribute("aria-pressed", String(isPressed));
}

/** A box to tick, with its text. */
export function tick(text: string, isOn: boolean, onChange: (isOn: boolean) => void): HTMLLabelElement {
  const box = element("input", { type: "checkbox" });
  box.checked = isOn;
  box.addEventListener("change", () => onChange(box.checked));
  return element("label", { class: "tick" }, box, text);
}

/** A menu with its label beside it. */
export function labelled(label: string, { element: select }: Menu): HTMLLabelElement {
  return element("label", { class: "labelled" }, element("span", {}, label), select);
}

/** What opens a sheet of further controls; closes with Esc and with a click elsewhere. */
export function sheet(label: string, text: string, ...children: Node[]): HTMLDetailsElement {
  const summary = element("summary", { "aria-label": label, title: label }, text);
  const details = element("details", { class: "sheet" }, summary, element("div", {}, ...children));
  document.addEventListener("pointerdown", ({ target }) => {
    if (!details.contains(target as Node)) details.open = false;
  });
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    event.stopPropagation();
    details.open = false;
    summary.focus();
  });
  return details;
}

/** The fields of a filter, in the dialogs of the nodes that have one: presets, and what belongs to which kind. */
import { fieldValue } from "../shared/dialog.ts";

/** The values that a preset puts into the fields, by their names. */
export type Preset = Record<string, string>;

/** Fields whose change makes a preset the user's own: the choice shows `own` then. */
export function presets(select: string, values: Record<string, Preset>): void {
  const fields = [...new Set(Object.values(values).flatMap(Object.keys))];
  const field = (name: string) => $(`#node-input-${name}`);
  let isFilling = false;
  $(select).on("change", () => {
    const preset = values[String($(select).val())];
    if (!preset || isFilling) return;
    isFilling = true;
    for (const [name, value] of Object.entries(preset)) field(name).val(value).trigger("change");
    isFilling = false;
  });
  const isStill = (preset: Preset | undefined) =>
    !preset || Object.entries(preset).every(([name, value]) => fieldValue(name) === value);
  for (const name of fields) {
    field(name).on("change input", () => {
      if (!isFilling && !isStill(values[String($(select).val())])) $(select).val("own");
    });
  }
}

/** Shows of the corners those that the kind has, and what else only some kinds have. */
export function showCorners(kind: string, rows: Record<string, string[]>): void {
  const update = () => {
    const chosen = fieldValue(kind);
    for (const [row, kinds] of Object.entries(rows)) $(row).toggle(kinds.includes(chosen));
  };
  $(`#node-input-${kind}`).on("change", update);
  update();
}

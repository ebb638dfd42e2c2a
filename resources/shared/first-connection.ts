/**
 * The first connection of its kind, made in the dialog of a node that needs one: while there is none, the dialog has a field for the
 * server's address. Whoever wants more of the connection, such as a login, makes it with the editor's own button.
 */
import { text } from "./texts.ts";

const FIELD = "datalink-first-address";

/** Adds the field below the choice of the connection; it goes when one has been made otherwise. */
export function offerFirstConnection(property: string, type: string): void {
  const select = $(`select#node-input-${property}`);
  const row = select.closest(".form-row");
  const { address } = RED.nodes.getType(type).defaults;
  const hint = $("<div>", { class: "datalink-hint" }).text(text("first-address-hint"));
  const field = $("<div>", { class: "form-row" }).append(
    $("<label>", { for: FIELD }).append(
      $("<i>", { class: "fa fa-plug" }),
      " ",
      $("<span>").text(text("first-address")),
    ),
    " ",
    $("<input>", { type: "text", id: FIELD, placeholder: (address?.value as string) ?? "" }),
  );
  row.after(field, hint);
  field.find("input").on("input", ({ target }) => {
    const typed = (target as HTMLInputElement).value;
    const verdict = typed === "" || address?.validate?.call({} as EditorNode, typed, {});
    $(target)
      .toggleClass("input-error", verdict !== true)
      .attr("title", typeof verdict === "string" ? verdict : "");
  });
  select.on("change", () => field.add(hint).toggle(String(select.val() ?? "_ADD_") === "_ADD_"));
}

/** The address that has been typed for a connection that is still to be made; empty for none. */
export function firstAddress(): string {
  const field = $(`#${FIELD}`);
  const isShown = field.length > 0 && field.closest(".form-row").css("display") !== "none";
  return isShown ? String(field.val() ?? "").trim() : "";
}

/** Makes the connection, if an address was typed for it, and chooses it; gives what undoes that, for the editor's history. */
export function makeFirstConnection(property: string, type: string): object | undefined {
  const address = firstAddress();
  if (address === "") return undefined;
  const dirty = RED.nodes.dirty();
  const id = addConnection(type, address);
  $(`select#node-input-${property}`)
    .append($("<option>", { value: id }).text(address))
    .val(id);
  return { t: "add", nodes: [id], dirty };
}

/** As the editor's own dialog makes it, global or of the subflow that is open. */
function addConnection(type: string, address: string): string {
  const definition = RED.nodes.getType(type);
  const id = RED.nodes.id();
  const settings = Object.entries(definition.defaults).map(([name, { value }]) => [
    name,
    structuredClone(value),
  ]);
  RED.nodes.add({
    ...Object.fromEntries(settings),
    ...{ id, type, address, users: [], changed: true },
    ...{ z: RED.nodes.subflow(RED.workspaces.active())?.id ?? "", _def: definition, _: definition._ },
  });
  return id;
}

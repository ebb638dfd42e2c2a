/** Who may log in: a row for each user, and one more at a press of a button. */
import { rowInput } from "./row-input.ts";

/** Node-RED keeps only secrets whose names it knows: `user`, `password` and `streams`, then `user2` and so on. */
const SLOTS = ["", "2", "3", "4", "5", "6", "7", "8"];

export const USER_CREDENTIALS: NonNullable<NodeDefinition["credentials"]> = Object.fromEntries(
  SLOTS.flatMap((slot) => [
    [`user${slot}`, { type: "text" as const }],
    [`password${slot}`, { type: "password" as const }],
    [`streams${slot}`, { type: "text" as const }],
  ]),
);

const ADD = "#datalink-server-add-user";

export function userList(node: EditorNode): void {
  const update = () => {
    const isFull = !rows.some((row) => row.css("display") === "none");
    $(ADD).prop("disabled", isFull);
  };
  const rows = SLOTS.map((slot) => userRow(node, slot, update));
  $(ADD).on("click", () => {
    const free = rows.find((row) => row.css("display") === "none");
    free?.css("display", "").find("input").first().trigger("focus");
    update();
  });
  update();
}

function userRow(node: EditorNode, slot: string, update: () => void): JQuery {
  const secrets = node.credentials ?? {};
  const text = (key: string) => node._(`datalink-server.${key}`);
  const row = $("<div>", { class: "datalink-server-user" }).appendTo("#datalink-server-users");
  const field = (name: string, type: "text" | "password", placeholder: string) =>
    rowInput(row, type, text(`label.${name}`), placeholder).attr("id", `node-input-${name}${slot}`);
  field("user", "text", text("label.user")).val(secrets[`user${slot}`] ?? "");
  const password = secrets[`password${slot}`] ?? (secrets[`has_password${slot}`] ? "__PWRD__" : "");
  field("password", "password", text("label.password")).val(password);
  field("streams", "text", text("placeholder.streams")).val(secrets[`streams${slot}`] ?? "");
  removeButton(text("label.remove-user"))
    .appendTo(row)
    .on("click", () => {
      row.hide().find("input").val("");
      update();
      $(ADD).trigger("focus");
    });
  return row.toggle(Boolean(secrets[`user${slot}`]));
}

function removeButton(label: string): JQuery {
  const button = $("<button>", { type: "button", class: "red-ui-button red-ui-button-small" });
  return button.attr("aria-label", label).append($("<i>", { class: "fa fa-remove" }));
}

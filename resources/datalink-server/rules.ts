/** Who may do what: the list of addresses with their rights. */
import { hasEnvironmentVariable, pattern, type Validator } from "../shared/validators.ts";
import { rowInput } from "./row-input.ts";

/** A row of the list, as the node keeps it. */
interface Rule {
  from: string;
  may: string;
  streams: string;
}

const RIGHTS = ["read", "write", "login", "refuse"];
const INVALID = "@seisflow/node-red-datalink/datalink-server:datalink-server.invalid";

export function ruleList(node: EditorNode): void {
  const list = $("#datalink-server-rules");
  list.editableList({
    addItem: (container, _index, rule: Partial<Rule>) => addRow(container, node, rule),
    removeItem: () => list.closest(".form-row").find(".red-ui-editableList-addButton").trigger("focus"),
    removable: true,
    sortable: true,
    height: "auto",
    addButton: true,
  });
  for (const rule of node.rules ?? []) list.editableList("addItem", { ...rule });
}

function addRow(container: JQuery, node: EditorNode, rule: Partial<Rule>): void {
  const text = (key: string) => node._(`datalink-server.${key}`);
  const row = $("<div>", { class: "datalink-server-rule" }).appendTo(container);
  const from = rowInput(row, "text", text("rule.from"), text("placeholder.from"));
  const may = $("<select>", { "aria-label": text("rule.may") }).appendTo(row);
  for (const value of RIGHTS) $("<option>", { value, text: text(`rule.${value}`) }).appendTo(may);
  const streams = rowInput(row, "text", text("rule.streams"), text("placeholder.streams"));
  from.val(rule.from ?? "");
  may.val(rule.may ?? "read");
  streams.val(rule.streams ?? "");
  const update = () => streams.prop("disabled", may.val() === "login" || may.val() === "refuse");
  may.on("change", update);
  update();
  container
    .parent()
    .find(".red-ui-editableList-item-remove")
    .attr("aria-label", RED._("common.label.delete"));
}

export function rulesInDialog(): Rule[] {
  const rows = $("#datalink-server-rules").editableList("items").toArray();
  return rows.map((row) => {
    const fields = $(row).find("input, select").toArray();
    const [from = "", may = "", streams = ""] = fields.map((field) => String($(field).val() ?? "").trim());
    return { from, may, streams };
  });
}

/** `192.168.1.7`, `10.0.0.0/8`, `2001:db8::/32`: as good as can be told here; the server looks closer. */
function isAddress(text: string): boolean {
  return /^(\d{1,3}(\.\d{1,3}){3}(\/\d{1,2})?|[\da-f:.]*:[\da-f:.]*(\/\d{1,3})?)$/i.test(text);
}

export const checkRules: Validator = function (rules, options) {
  for (const { from, streams } of (rules ?? []) as Rule[]) {
    if (hasEnvironmentVariable(from)) continue;
    const addresses = from.split(/[\s,]+/).filter((text) => text !== "");
    if (addresses.length === 0) return options ? RED._(`${INVALID}.no-from`) : false;
    const bad = addresses.find((text) => !isAddress(text));
    if (bad !== undefined) return options ? RED._(`${INVALID}.from`, { from: bad }) : false;
    const verdict = pattern.call(this, streams, options);
    if (verdict !== true) return verdict;
  }
  return true;
};

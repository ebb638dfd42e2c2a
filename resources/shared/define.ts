/**
 * The definitions of this package's node types, with what all of them have in common, and how Node-RED gets to know them: each
 * node's page names its type in `datalinkNodes`, behind which its help is in the document, where the palette looks for it when
 * a type is registered. The pages may come before these scripts, as when the package is installed in an open editor.
 */
import { unfoldSentences } from "./canvas/debug-sentences.ts";
import { shortLines } from "./canvas/labels.ts";
import { makeFirstConnection, offerFirstConnection } from "./first-connection.ts";

/** What a node's own script says of it; `name`, `version` and the style of its label are the same for all. */
export type OwnDefinition = Omit<NodeDefinition, "labelStyle">;

declare global {
  interface Window {
    datalinkNodes?: { push(type: string): void };
  }
}

const definitions = new Map<string, NodeDefinition>();

export function define(type: string, definition: OwnDefinition): void {
  const { oneditprepare, oneditsave } = definition;
  const defaults: NodeDefinition["defaults"] = {
    name: { value: "" },
    version: { value: 1 },
    ...definition.defaults,
  };
  definitions.set(type, {
    ...definition,
    defaults,
    label() {
      return shortLines(definition.label.call(this));
    },
    labelStyle() {
      return this.name ? "node_label_italic" : "";
    },
    oneditprepare() {
      for (const [property, setting] of Object.entries(defaults)) {
        if (!setting.type || setting.type === "*[]") continue;
        reachConfigButtons(property, setting.type);
        if (setting.required && !this[property]) chooseFirst(property, setting.type);
      }
      oneditprepare?.call(this);
    },
    oneditsave() {
      oneditsave?.call(this);
      const history = Object.entries(defaults)
        .map(
          ([property, { type: needed, required }]) =>
            required && needed && makeFirstConnection(property, needed),
        )
        .filter((event) => typeof event === "object");
      return history.length > 0 ? { changed: true, history } : undefined;
    },
  });
}

unfoldSentences((type) => definitions.has(type));

/** Registers the types that pages have named, and from now on each as its page names it. */
export function registerTypes(): void {
  const named = window.datalinkNodes;
  const push = (type: string) => RED.nodes.registerType(type, definitions.get(type)!);
  window.datalinkNodes = { push };
  if (Array.isArray(named)) for (const type of named) push(type);
}

/**
 * A node that an older version of the package has saved lacks the settings that came later: it gets their defaults, which
 * the runtime takes for them too. A setting that changes its meaning gets a new `version`, and is translated here.
 */
function completeOldNode(node: EditorNode): void {
  for (const [name, { value }] of Object.entries(definitions.get(node.type)?.defaults ?? {})) {
    if (node[name] === undefined) node[name] = structuredClone(value);
  }
}
RED.events.on("nodes:add", completeOldNode);

/**
 * Where a node needs a config node and there is only one, that is the one: the choice is made when the dialog opens. The first one
 * can be made there.
 */
function chooseFirst(property: string, type: string): void {
  const select = $(`select#node-input-${property}, select#node-config-input-${property}`);
  const ids = select
    .find("option")
    .toArray()
    .map((option) => (option as HTMLOptionElement).value)
    .filter((id) => id !== "" && id !== "_ADD_");
  if (ids.length === 1) select.val(ids[0]!).trigger("change");
  if (ids.length === 0) offerFirstConnection(property, type);
}

/** Focuses a button of a dialog once the dialog is the topmost again. */
function focusWhenBack(button: HTMLElement): void {
  const back = () => {
    if (!button.isConnected) return;
    RED.events.off("editor:change", back);
    button.focus({ preventScroll: true });
  };
  RED.events.on("editor:change", back);
}

const CONFIG_BUTTONS = [
  ["edit", "editor.editConfig"],
  ["add", "editor.addNewConfig"],
] as const;

/** The editor's buttons beside the choice of a config node are links that no key reaches: these can be reached and pressed. */
function reachConfigButtons(property: string, type: string): void {
  for (const [name, label] of CONFIG_BUTTONS) {
    $(`#node-input-btn-${property}-${name}, #node-config-input-btn-${property}-${name}`)
      .attr({ tabindex: 0, role: "button", "aria-label": RED._(label, { type }) })
      .on("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        const button = event.currentTarget;
        if (button.classList.contains("disabled")) return;
        focusWhenBack(button);
        $(button).trigger("click");
      });
  }
}

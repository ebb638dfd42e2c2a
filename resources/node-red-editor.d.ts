// The editor as the scripts of this folder use it: its own types (written for Node-RED 1.3), and what those do not know yet.
import type { EditorRED } from "node-red";

type Function<Result> = (this: EditorNode, ...args: any[]) => Result;

declare global {
  /** A node in the editor: its settings are properties of it. */
  interface EditorNode {
    id: string;
    type: string;
    z: string;
    inputs: number;
    /** A text of the node's own catalog. */
    _(key: string, values?: Record<string, string | number>): string;
    [property: string]: any;
  }

  /** What Node-RED gives to a validator that may answer with a sentence. */
  type ValidatorOptions = { label?: string } | undefined;

  /** What is registered for a node type; a name that is not in the list is a mistake. */
  interface NodeDefinition {
    category: string;
    color?: string;
    defaults: Record<
      string,
      {
        value: unknown;
        type?: string;
        required?: boolean;
        validate?: (this: EditorNode, value: any, options: ValidatorOptions) => boolean | string;
      }
    >;
    credentials?: Record<string, { type: "text" | "password"; required?: boolean }>;
    inputs?: 0 | 1;
    outputs?: number;
    icon?: string;
    align?: "left" | "right";
    paletteLabel: string;
    /** Set when the type is registered: a text of its catalog. */
    _?: EditorNode["_"];
    label: Function<string>;
    labelStyle: Function<string>;
    inputLabels?: Function<string>;
    outputLabels?: Function<string>;
    button?: { toggle?: string; enabled?: Function<boolean>; onclick: Function<void> };
    oneditprepare?: Function<void>;
    oneditsave?: Function<unknown>;
    oneditcancel?: Function<void>;
    oneditdelete?: Function<void>;
    oneditresize?: Function<void>;
    onadd?: Function<void>;
  }

  const RED: Omit<EditorRED, "nodes" | "events" | "history" | "workspaces"> & {
    nodes: Omit<
      EditorRED["nodes"],
      "registerType" | "filterNodes" | "filterLinks" | "getType" | "node" | "subflow"
    > & {
      registerType(type: string, definition: NodeDefinition): void;
      filterNodes(filter: object): EditorNode[];
      filterLinks(filter: object): { source: EditorNode; sourcePort: number; target: EditorNode }[];
      getType(type: string): NodeDefinition;
      node(id: string): EditorNode | null;
      subflow(id: string): { id: string } | undefined;
    };
    comms: {
      send(topic: string, data: unknown): void;
      on(event: "connect" | "disconnect", handler: () => void): void;
      subscribe(topic: string, handler: (topic: string, data: any) => void): void;
      unsubscribe(topic: string, handler: (topic: string, data: any) => void): void;
    };
    workspaces: { active(): string };
    history: { push(event: object): void };
    hooks: {
      add(name: string, handler: (event: any) => void): void;
      remove(name: string): void;
    };
    events: Record<"on" | "off", (name: string, handler: (...args: any[]) => void) => void>;
  };

  interface JQuery {
    treeList(options: object): JQuery;
    treeList(method: "selected"): any[];
    editableList(options: {
      addItem(container: JQuery, index: number, item: any): void;
      removeItem?(item: any): void;
      removable?: boolean;
      sortable?: boolean;
      height?: number | "auto";
      addButton?: boolean | string;
    }): JQuery;
    editableList(method: "addItem", item: object): void;
    editableList(method: "items"): JQuery;
  }
}

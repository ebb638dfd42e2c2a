// The editor as the scripts in nodes/*.html use it: its own types (written for Node-RED 1.3), what those do not know yet,
// and what nodes/editor.html offers to the others.
import type { EditorRED } from "node-red";

/** A node in the editor: its settings are properties of it. */
interface EditorNode {
  id: string;
  type: string;
  z: string;
  inputs: number;
  [property: string]: any;
}

type Function<Result> = (this: EditorNode, ...args: any[]) => Result;

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
      validate?: (this: EditorNode, value: any, options?: { label?: string }) => boolean | string;
    }
  >;
  credentials?: Record<string, { type: "text" | "password"; required?: boolean }>;
  inputs?: 0 | 1;
  outputs?: number;
  icon?: string;
  align?: "left" | "right";
  paletteLabel: string;
  label: Function<string>;
  labelStyle: Function<string>;
  inputLabels?: Function<string>;
  outputLabels?: Function<string>;
  button?: { toggle?: string; onclick: Function<void> };
  oneditprepare?: Function<void>;
  oneditsave?: Function<void>;
  oneditcancel?: Function<void>;
  oneditdelete?: Function<void>;
  oneditresize?: Function<void>;
  onadd?: Function<void>;
}

type Range = { min: number; max: number; integer?: boolean; blank?: boolean };

declare global {
  const RED: Omit<EditorRED, "nodes" | "events" | "history"> & {
    nodes: Omit<EditorRED["nodes"], "registerType" | "filterNodes" | "getType" | "node"> & {
      registerType(type: string, definition: NodeDefinition): void;
      filterNodes(filter: object): EditorNode[];
      getType(type: string): NodeDefinition;
      node(id: string): EditorNode | null;
    };
    comms: {
      send(topic: string, data: unknown): void;
      on(event: "connect" | "disconnect", handler: () => void): void;
      subscribe(topic: string, handler: (topic: string, data: any) => void): void;
      unsubscribe(topic: string, handler: (topic: string, data: any) => void): void;
    };
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
      removable?: boolean;
      sortable?: boolean;
      height?: number | "auto";
      addButton?: boolean | string;
    }): JQuery;
    editableList(method: "addItem", item: object): void;
    editableList(method: "items"): JQuery;
  }

  const datalinkEditor: Window["datalinkEditor"];
  interface Window {
    /** Validators give true, or a sentence where the editor asks for one with `options`. */
    datalinkEditor: {
      text(key: string, values?: Record<string, string | number>): string;
      number(value: unknown, options: object | undefined, range: Range): boolean | string;
      address(value: unknown, options: object | undefined): boolean | string;
      pattern(value: string, options: object | undefined): boolean | string;
      required(value: string, options: object | undefined): boolean | string;
      atLeastOne(nodes: string[], options: object | undefined): boolean | string;
      time(value: string, options: object | undefined): boolean | string;
      packetId(value: string, options: object | undefined): boolean | string;
      streamId(value: string, options: object | undefined): boolean | string;
      nodeList(container: string, node: EditorNode, chosen: string[], name: string): void;
      chosenNodes(container: string): string[];
      showWhen(row: string, field: string, values: string[]): void;
      ask(
        method: "GET" | "POST",
        resource: string,
        data: object,
        done: (answer: { error?: string; [name: string]: any }) => void,
      ): void;
      /** What a button does, once at a time: `work` calls back when it is through. */
      onPress(button: string, work: (done: () => void) => void): void;
      showAnswer(target: HTMLElement | string, answer: { error?: string; [name: string]: any }): void;
      pathExample(target: string, kind: "jsonl" | "mseed", pattern: () => string): void;
      testButton(button: string, result: string, id: string): void;
      streamPicker(elements: { button: string; list: string; field: string }): void;
    };
  }
}

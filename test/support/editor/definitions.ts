/** The editor's side of the nodes: what their scripts register, without an editor. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import vm from "node:vm";
import { buildSync } from "esbuild";

const NODES = path.join(__dirname, "../../../nodes");
const RESOURCES = path.join(__dirname, "../../../resources");

export interface Definition {
  category: string;
  defaults: Record<string, { value: unknown; type?: string; validate?: (value: unknown) => unknown }>;
  inputs?: number;
  outputs?: number;
}

/** The nodes of this package, as their editor scripts define them. */
export function definitions(): Map<string, Definition> {
  const found = new Map<string, Definition>();
  // Whatever else a script asks of the editor while it is loaded.
  const anything: object = new Proxy(() => anything, { get: () => anything, apply: () => anything });
  const registerType = (type: string, definition: Definition) => found.set(type, definition);
  const RED = new Proxy({}, { get: (_, name) => (name === "nodes" ? { registerType } : anything) });
  const context: Record<string, unknown> = { RED, document: anything, $: anything, setInterval: () => 0 };
  context.window = vm.createContext(context);
  for (const page of readdirSync(NODES).filter((name) => name.endsWith(".html"))) {
    const html = readFileSync(path.join(NODES, page), "utf8");
    for (const [, script] of html.matchAll(/<script type="text\/javascript">(.*?)<\/script>/gs))
      vm.runInContext(script!, context);
  }
  vm.runInContext(editorScript(), context);
  return found;
}

/** A module of the editor's scripts that asks nothing of the editor, such as `shared/canvas/labels`. */
export function pureModule<Module>(name: string): Module {
  const context: { module?: Module } = vm.createContext({});
  vm.runInContext(bundled(`${name}.js`, "module"), context);
  return context.module!;
}

/** The modules that the editor loads as one script. */
const editorScript = (): string => bundled("editor.js");

function bundled(file: string, name?: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [path.join(RESOURCES, file)],
    ...{ bundle: true, format: "iife", write: false },
    ...(name && { globalName: name }),
  });
  return outputFiles![0]!.text;
}

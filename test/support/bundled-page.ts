/** A part of the library as a page in a browser has it: bundled, and run without anything of Node.js. */
import assert from "node:assert/strict";
import path from "node:path";
import vm from "node:vm";
import { build } from "esbuild";
import { PAGE_GLOBALS } from "./page-globals.ts";

/** What a file of `lib` exports, in a page; fails where it would need a module of Node.js. */
export async function bundledPage<Page>(file: string): Promise<Page> {
  const { outputFiles } = await build({
    entryPoints: [path.join(__dirname, "../../lib", file)],
    bundle: true,
    format: "iife",
    globalName: "page",
    platform: "browser",
    write: false,
    logLevel: "silent",
  });
  const text = outputFiles[0]!.text;
  assert.doesNotMatch(text, /require\("node:/);
  return vm.runInNewContext(`${text}; page`, { ...PAGE_GLOBALS }) as Page;
}

// Every text that a dialog asks for is in its catalog, and every catalog says what its node needs.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const NODES = path.join(__dirname, "../../nodes");
const pages = readdirSync(NODES)
  .filter((file) => file.endsWith(".html"))
  .map((file) => file.replace(".html", ""));

/** Dotted keys of all texts in a catalog. */
function keysOf(value: object, prefix = ""): string[] {
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === "string" ? [`${prefix}${name}`] : keysOf(inner as object, `${prefix}${name}.`),
  );
}

const catalog = (language: string, page: string): string[] =>
  keysOf(JSON.parse(readFileSync(path.join(NODES, "locales", language, `${page}.json`), "utf8")));

/** The keys that a page asks for, without those of Node-RED itself. */
function keysAsked(html: string): string[] {
  const attributes = [...html.matchAll(/data-i18n="([^"]+)"/g)].flatMap(([, keys]) =>
    keys!.split(";").map((key) => key.replace(/^\[[^\]]*\]/, "")),
  );
  const calls = [...html.matchAll(/this\._\("([^"]+)"\)/g)].map(([, key]) => key!);
  return [...attributes, ...calls].filter((key) => !key.startsWith("node-red:"));
}

describe("catalogs", () => {
  for (const page of pages) {
    it(`of ${page} have every text that it asks for`, () => {
      const known = new Set(catalog("en-US", page));
      const missing = keysAsked(readFileSync(path.join(NODES, `${page}.html`), "utf8")).filter(
        (key) => !known.has(key),
      );
      assert.deepEqual(missing, []);
    });
  }

  for (const language of readdirSync(path.join(NODES, "locales")).filter((name) => name !== "en-US")) {
    it(`in ${language} have the same texts as in English`, () => {
      for (const page of pages) assert.deepEqual(catalog(language, page), catalog("en-US", page), page);
    });
  }
});

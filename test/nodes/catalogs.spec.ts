// Every text that a dialog asks for is in its catalog, and every catalog says what its node needs.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const NODES = path.join(__dirname, "../../nodes");
const RESOURCES = path.join(__dirname, "../../resources");
const pages = readdirSync(NODES)
  .filter((file) => file.endsWith(".html"))
  .map((file) => file.replace(".html", ""));

const withHelp = pages.filter((page) => page !== "editor");

/** Dotted keys of all texts in a catalog. */
function keysOf(value: object, prefix = ""): string[] {
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === "string" ? [`${prefix}${name}`] : keysOf(inner as object, `${prefix}${name}.`),
  );
}

/** What is filled into each text: `__port__`. */
function blanks(language: string, page: string): string[][] {
  const text = readFileSync(path.join(NODES, "locales", language, `${page}.json`), "utf8");
  return text.split("\n").map((line) => (line.match(/__\w+__/g) ?? []).sort());
}

const catalog = (language: string, page: string): string[] =>
  keysOf(JSON.parse(readFileSync(path.join(NODES, "locales", language, `${page}.json`), "utf8")));

/** A page with the scripts of its own. */
function dialogOf(page: string): string {
  const scripts = readdirSync(RESOURCES, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && path.basename(file.split(path.sep)[0]!, ".ts") === page)
    .map((file) => readFileSync(path.join(RESOURCES, file), "utf8"));
  return [readFileSync(path.join(NODES, `${page}.html`), "utf8"), ...scripts].join("\n");
}

/** The keys that a dialog asks for, without those of Node-RED itself. */
function keysAsked(html: string): string[] {
  const attributes = [...html.matchAll(/data-i18n="([^"]+)"/g)].flatMap(([, keys]) =>
    keys!.split(";").map((key) => key.replace(/^\[[^\]]*\]/, "")),
  );
  const calls = [...html.matchAll(/(?:this|node)\._\("([^"]+)"[),]/g)].map(([, key]) => key!);
  return [...attributes, ...calls].filter((key) => !key.startsWith("node-red:"));
}

/** A page's help in a language: English stands in the page itself. */
function helpOf(language: string, page: string): string {
  const file = language === "en-US" ? `${page}.html` : `locales/${language}/${page}.html`;
  const html = readFileSync(path.join(NODES, file), "utf8");
  const help = /<script type="text\/markdown" data-help-name="([^"]+)">\n([\s\S]*?)<\/script>/.exec(html);
  assert.equal(help?.[1], page, `${file} has the help of ${page}`);
  return help[2]!;
}

/** What must be the same in every language: the sections, and the properties of messages with their types. */
function outline(help: string): string[] {
  return help.split("\n").flatMap((line) => {
    if (line.startsWith("### ")) return "###";
    const property = /^: [^:]+\([^:]+\) :/.exec(line);
    const links = [...line.matchAll(/\]\((https?:[^)]+)\)/g)].map(([, link]) => link!);
    return property ? [property[0]] : links;
  });
}

describe("dialogs", () => {
  for (const page of withHelp) {
    it(`of ${page} have their script in a file of its name, and no other in the page than its type`, () => {
      const html = readFileSync(path.join(NODES, `${page}.html`), "utf8");
      const script = `<script type="text/javascript">(window.datalinkNodes ??= []).push("${page}");</script>`;
      assert.deepEqual(html.match(/<style|<script type="(text\/javascript|module)".*/g), [script]);
      assert.ok(existsSync(path.join(RESOURCES, `${page}.js`)));
    });
  }

  it("have scripts and styles that are there", () => {
    const html = readFileSync(path.join(NODES, "editor.html"), "utf8");
    const files = [...html.matchAll(/(?:src|href)="resources\/([^"]+)"/g)].map(([, file]) => file!);
    assert.ok(files.length > 0);
    for (const file of files) {
      const [scope, name, ...rest] = file.split("/");
      assert.equal(`${scope}/${name}`, "@seisflow/node-red-datalink");
      assert.ok(existsSync(path.join(RESOURCES, ...rest)), file);
    }
  });
});

const languages = readdirSync(path.join(NODES, "locales"));

describe("catalogs", () => {
  for (const page of pages) {
    it(`of ${page} have every text that it asks for`, () => {
      const known = new Set(catalog("en-US", page));
      const missing = keysAsked(dialogOf(page)).filter((key) => !known.has(key));
      assert.deepEqual(missing, []);
    });
  }

  it("say of every node that its settings cannot be used", () => {
    for (const page of pages) {
      const file = path.join(NODES, `${page}.ts`);
      const source = existsSync(file) ? readFileSync(file, "utf8") : "";
      if (/\bbegin\(RED/.test(source))
        assert.ok(catalog("en-US", page).includes(`${page}.status.settings`), page);
    }
  });

  it("have a sentence for what a wire may bring that the node is not made for", () => {
    for (const page of pages) {
      const file = path.join(NODES, `${page}.ts`);
      const source = existsSync(file) ? readFileSync(file, "utf8") : "";
      if (
        !/\b(misfit|runArchive|readSeries|seriesPayload|messagePackets|monitoredRecords|readStationInput)\(/.test(
          source,
        )
      )
        continue;
      const known = catalog("en-US", page);
      for (const key of ["got-other", "others"])
        assert.ok(known.includes(`${page}.status.${key}`), `${page}: ${key}`);
    }
  });

  for (const language of languages) {
    it(`in ${language} have the same texts as in English, with the same blanks to fill in`, () => {
      for (const page of pages) {
        assert.deepEqual(catalog(language, page), catalog("en-US", page), page);
        assert.deepEqual(blanks(language, page), blanks("en-US", page), page);
      }
    });

    it(`in ${language} have help with the same sections and properties as in English`, () => {
      for (const page of withHelp) {
        assert.deepEqual(outline(helpOf(language, page)), outline(helpOf("en-US", page)), page);
      }
    });

    it(`in ${language} have help that the editor shows as it was meant`, () => {
      for (const page of withHelp) {
        const lines = helpOf(language, page).split("\n");
        for (const [i, line] of lines.entries()) {
          if (!line.startsWith(":")) continue;
          // The editor ends a property's text at the end of the line, and loses what has a further colon.
          assert.match(line, /^: [^:]+\([^:]+\) : [^:]+$/, page);
          assert.doesNotMatch(lines[i + 1] ?? "", /^[^:\n]/, `${page}: the line behind "${line}"`);
        }
      }
    });
  }

  it("are there in the languages of Node-RED that are promised", () => {
    assert.deepEqual(languages.sort(), ["de", "en-US", "es", "fr", "ja", "zh-CN"]);
  });
});

// How the dialogs look in every theme and language: everything can be read, everything fits, and every text is in the
// language that was chosen. So do the palette and the help in the sidebar.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { packRecords } from "../../../lib/mseed/index.ts";
import { DataLinkServer } from "../../../lib/server/server.ts";
import { SeisCompServer } from "../../seedlink/seiscomp-server.ts";
import { Appearance } from "../../support/editor/appearance.ts";
import { contrast, READABLE } from "../../support/editor/contrast.ts";
import { FACES, type Face, faceFlows, TYPES } from "../../support/editor/dialog-faces.ts";
import { Dialogs } from "../../support/editor/dialogs.ts";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { NodeRed, needsNodeRed, VERSIONS } from "../../support/node-red.ts";

/** In the page: as much of the editor as is asked for here. */
declare const RED: {
  settings: { theme(name: string): string[] };
  sidebar: { help: { show(type: string): void } };
  nodes: {
    getType(type: string): {
      inputLabels?: (this: object) => string;
      outputLabels?: (this: object, index: number) => string;
      outputs?: number;
      _: unknown;
    };
  };
};

const NODES = path.join(__dirname, "../../../nodes");
const LANGUAGES = readdirSync(path.join(NODES, "locales"));
const ENGLISH = "en-US";

/** Node-RED's own width of a dialog, and what browsers round. */
const TRAY_WIDTH = 502;

/**
 * What the editor can look like; Node-RED 4.1 has one theme. All of it takes minutes: ALL_LOOKS asks for that, and otherwise
 * the languages stand for the others whose texts are long, or of another script.
 */
const LOOKS = VERSIONS.flatMap((version) => {
  const some = version === "5" ? [ENGLISH, "de", "fr", "ja"] : [ENGLISH];
  return [
    ...(version === "5" ? [{ version, language: ENGLISH, theme: "dark" }] : []),
    ...(process.env.ALL_LOOKS ? LANGUAGES : some).map((language) => ({ version, language, theme: "light" })),
  ];
});

/** The texts of a page's catalog by their dotted keys. */
function catalog(language: string, page: string): Map<string, string> {
  const texts = new Map<string, string>();
  const read = (value: object, prefix: string): void => {
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === "string") texts.set(prefix + name, inner);
      else read(inner as object, `${prefix}${name}.`);
    }
  };
  read(JSON.parse(readFileSync(path.join(NODES, "locales", language, `${page}.json`), "utf8")), "");
  return texts;
}

/** A text of a catalog as a pattern, with anything where values go. */
function patternOf(text: string): RegExp {
  const parts = text.split(/__\w+__/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".+")}$`);
}

/** All keys of all catalogs: none of them is for people to read. */
const KEYS = [...TYPES, "editor"].flatMap((page) => [...catalog(ENGLISH, page).keys()]);

/** The first sentence of a node's help, as it is rendered. */
function firstWords(language: string, type: string): string {
  const translated = path.join(NODES, "locales", language, `${type}.html`);
  const file = existsSync(translated) ? translated : path.join(NODES, `${type}.html`);
  const [, paragraph] = /data-help-name="[^"]*">\s*([\s\S]*?)\n\s*\n/.exec(readFileSync(file, "utf8"))!;
  return paragraph!
    .replace(/`/g, "")
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/\s+/g, " ");
}

let server: DataLinkServer;
let seedLink: SeisCompServer;
before(async () => {
  server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20 });
  server.write({ streamId: "FDSN:XX_A_00_H_H_Z/MSEED", dataStart: 1_000_000, payload: "{}" });
  seedLink = await SeisCompServer.start();
  const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: 0n, sampleRate: 1, samples: Int32Array.of(1) };
  seedLink.stations.set("XX_A", {
    first: 0,
    records: [...packRecords(series, { formatVersion: 2 })].map((bytes) => Buffer.from(bytes)),
  });
});
after(async () => {
  await server?.close();
  await seedLink?.[Symbol.asyncDispose]();
});

for (const version of VERSIONS) {
  describe(`the editor of Node-RED ${version}`, () => {
    let nodeRed: NodeRed;
    /** The languages as Node-RED offers them: some with a country. */
    let offered: string[];

    before(async function () {
      this.timeout(300_000);
      needsChromium(this);
      await needsNodeRed(this, version);
      nodeRed = await NodeRed.start({ version, flows: faceFlows(server.url, seedLink.url) });
      await using any = await Editor.open(nodeRed.url);
      offered = await any.page.evaluate(() => RED.settings.theme("languages"));
    });
    after(() => nodeRed?.stop());

    for (const { language, theme } of LOOKS.filter((look) => look.version === version)) {
      describe(`in ${language}, ${theme}`, () => {
        let editor: Editor;
        let dialogs: Dialogs;
        let appearance: Appearance;
        let hasUsualFont: boolean;
        const texts = (page: string) => catalog(language, page);

        before(async () => {
          const chosen =
            offered.find((name) => name === language) ?? offered.find((name) => name.startsWith(language))!;
          editor = await Editor.open(nodeRed.url, {
            stored: { "editor-language": chosen, "view-dark-theme": theme },
          });
          dialogs = new Dialogs(editor);
          appearance = new Appearance(editor.page);
          await appearance.prepare();
          hasUsualFont = await appearance.hasUsualFont();
        });
        after(() => editor?.close());
        afterEach(async function () {
          assert.deepEqual(editor.errors.splice(0), [], "errors in the browser's console");
          if (this.currentTest?.state !== "failed") return;
          // The dialog may be open still.
          await dialogs.reload();
          await appearance.prepare();
        });

        for (const face of FACES) {
          it(`${face.title} can be read, fits, and speaks the language`, async () => {
            await dialogs.open(face.id);
            await dialogs.unfold();
            await letItSpeak(face);
            const poor = (await appearance.texts()).filter(
              ({ colour, ground }) => contrast(colour, ground) < READABLE,
            );
            assert.deepEqual(poor, [], `contrast is below ${READABLE}`);
            await speaksTheLanguage();
            if (hasUsualFont) {
              const { width } = (await editor.page.locator(".red-ui-tray").last().boundingBox())!;
              assert.ok(width <= TRAY_WIDTH, `the dialog has grown to ${width} pixels`);
              assert.deepEqual(await appearance.misfits(), [], "what does not fit");
            }
            await makeMistake(face);
            await dialogs.cancel();
          });
        }

        it("has room for every text", function () {
          if (hasUsualFont) return;
          this.test!.title += ": not looked at, because there is no font as wide as Arial";
          this.skip();
        });

        async function speaksTheLanguage(): Promise<void> {
          const shown = await appearance.fromCatalog();
          assert.ok(shown.length > 0);
          for (const { key, shown: text } of shown) {
            const own = /^@seisflow\/node-red-datalink\/([\w-]+):(.*)$/.exec(key);
            if (own) assert.equal(text, texts(own[1]!).get(own[2]!)?.replace(/\s+/g, " "), key);
          }
          for (const text of await appearance.strings()) {
            assert.ok(!KEYS.some((key) => text.includes(key)), `a key is shown: ${text}`);
          }
        }

        /** Gets a dialog to say what it says when its buttons are pressed. */
        async function letItSpeak({ type }: Face): Promise<void> {
          const { page } = editor;
          const says = (selector: string, key: string) =>
            page
              .locator(selector)
              .filter({ hasText: patternOf(texts("editor").get(key)!) })
              .waitFor();
          if (type.endsWith("-connection")) {
            await page.click(`#${type}-test`);
            // Of a cluster there is none here.
            const isOpen =
              type !== "jetstream-connection" &&
              (await page.inputValue("#node-config-input-auth")) === "none";
            const answers = type === "datalink-connection" ? "editor.answers" : "editor.seedlink-answers";
            if (isOpen) await says(`#${type}-answer`, answers);
            else await page.locator(`#${type}-answer.datalink-bad`).waitFor();
          } else if (type === "datalink-in" || type === "seedlink-in") {
            await page.click(type === "datalink-in" ? "#datalink-in-streams" : "#seedlink-in-pick");
            await says(`#${type}-list [role=status]`, "editor.selects");
            await says(`#${type}-list .datalink-picked`, "editor.pick");
            await page.locator(`#${type}-list [role=treeitem]`).first().click();
            await says(`#${type}-list button`, "editor.replace");
          } else if (type.endsWith("-archive")) {
            await says(`#${type}-example`, "editor.example-path");
          } else if (type === "datalink-server") {
            await page.click("#datalink-server-test");
            await page.locator("#datalink-server-tested").filter({ hasText: /./ }).waitFor();
          }
        }

        /** Types what is no number: the dialog says so, in the language. */
        async function makeMistake({ type }: Face): Promise<void> {
          if (type !== "mseed-encode") return;
          const { page } = editor;
          await page.fill("#node-input-recordLength", "");
          await page.locator("#node-input-recordLength").pressSequentially("many");
          await page.hover("#node-input-recordLength");
          const sentence = texts("editor")
            .get("editor.invalid.range")!
            .replace("__value__", "many")
            .replace("__min__", "128")
            .replace("__max__", "16777216");
          await page.locator(".red-ui-popover").getByText(sentence).waitFor();
        }

        it("the help, the palette and the ports speak the language", async () => {
          const { page } = editor;
          for (const type of TYPES) {
            await page.evaluate((name) => RED.sidebar.help.show(name), type);
            await page.locator(".red-ui-help").getByText(firstWords(language, type)).first().waitFor();
            const known = new Set(catalog(language, type).values());
            const ports = await page.evaluate((name) => {
              const definition = RED.nodes.getType(name);
              const outputs = Array.from({ length: definition.outputs ?? 0 }, (_, index) =>
                definition.outputLabels?.call(definition, index),
              );
              return [definition.inputLabels?.call(definition), ...outputs].filter(
                (text) => text !== undefined,
              );
            }, type);
            for (const text of ports) assert.ok(known.has(text), `${type}: ${text}`);
          }
          const palette = await page.locator("#red-ui-palette-container").textContent();
          assert.ok(!KEYS.some((key) => palette!.includes(key)));
          await page.locator(".red-ui-palette-node[data-palette-type=datalink-in]").hover();
          await page.locator(".red-ui-popover").getByText(firstWords(language, "datalink-in")).waitFor();
        });
      });
    }
  });
}

// Each node as a newcomer meets it: dragged from the palette, its dialog opened, every field changed, saved, deployed,
// and opened again.
import assert from "node:assert/strict";
import { TYPES as ALL_TYPES, isConfig, VALUES } from "../../support/editor/dialog-faces.ts";
import { Dialogs, type FieldValue } from "../../support/editor/dialogs.ts";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { freePort, NodeRed, needsNodeRed, VERSIONS } from "../../support/node-red.ts";

const TYPES = ALL_TYPES.filter((type) => !isConfig(type));

const READERS = new Set(["datalink-in", "jetstream-in", "mseed-file-in", "seedlink-in"]);

/** What they read, or what a count means, only their owner knows. */
const HAVE_TO_BE_TOLD = new Set(["ground-motion", "mseed-file-in", "shake-in"]);

/** In two columns, so that all nodes can be seen. */
const placeOf = (index: number): [x: number, y: number] => [
  150 + 250 * (index % 2),
  80 + 60 * Math.floor(index / 2),
];

const FLOWS = [
  { id: "tab", type: "tab", label: "test" },
  { id: "debug", type: "debug", z: "tab", name: "a debug node", active: false, x: 650, y: 60, wires: [] },
  {
    id: "server",
    type: "datalink-connection",
    version: 1,
    name: "",
    address: "localhost:1",
    auth: "none",
    timeout: "5",
  },
  { id: "seedlink", type: "seedlink-connection", version: 1, name: "", address: "localhost:1", auth: "none" },
  {
    id: "jetstream",
    type: "jetstream-connection",
    version: 1,
    name: "",
    address: "localhost:1",
    auth: "none",
  },
  { id: "stations", type: "station-metadata", name: "", source: "table", table: "CO.JSC.00.HHZ 1000 m/s" },
  { id: "tls", type: "tls-config", name: "certificates", cert: "", key: "", ca: "", verifyservercert: true },
];

for (const version of VERSIONS) {
  describe(`dialogs in Node-RED ${version}`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    let dialogs: Dialogs;

    before(async function () {
      this.timeout(300_000);
      needsChromium(this);
      await needsNodeRed(this, version);
      nodeRed = await NodeRed.start({ version, flows: FLOWS });
      editor = await Editor.open(nodeRed.url);
      dialogs = new Dialogs(editor);
    });
    after(async () => {
      await editor?.[Symbol.asyncDispose]();
      await nodeRed?.stop();
    });
    afterEach(() => assert.deepEqual(editor.errors, [], "errors in the browser's console"));

    /** What was typed into the dialog of each node, and its id. */
    const typedInto = new Map<string, { id: string; typed: Record<string, FieldValue> }>();

    for (const [index, type] of TYPES.entries()) {
      it(`${type} takes what is typed into it`, async () => {
        const id = await dialogs.drag(type, ...placeOf(index));
        await dialogs.openDialog(id);
        const before = await dialogs.fields();
        const only = /^(seedlink|jetstream)-/.exec(type)?.[1] ?? "server";
        if ("connection" in before) assert.equal(before.connection, only, "the only one there is");
        for (const [name, value] of Object.entries(before))
          await dialogs.change(name, await another(name, value));
        const typed = await dialogs.fields();
        for (const name of Object.keys(before)) {
          if (name !== "connection") assert.notEqual(typed[name], before[name], `${name} is changed`);
        }
        if (READERS.has(type)) await editor.page.click(`#${type}-scope :text('a debug node')`);
        if (type === "datalink-server") await addRule();
        await dialogs.done();
        assert.deepEqual(await dialogs.faults(id), []);
        typedInto.set(type, { id, typed });
      });
    }

    it("are deployed, and loaded anew", async () => {
      await editor.deploy();
      await dialogs.reload();
    });

    for (const type of TYPES) {
      it(`${type} has kept what was typed into it`, async () => {
        const { id, typed } = typedInto.get(type)!;
        await dialogs.openDialog(id);
        // What is stored as a secret is not shown again.
        const secrets = Object.keys(typed).filter((name) => /^password|Secret$/.test(name));
        const shown = { ...typed, ...Object.fromEntries(secrets.map((name) => [name, "__PWRD__"])) };
        assert.deepEqual(await dialogs.fields(), shown);
        await dialogs.done();
        const saved = await dialogs.settings(id);
        if (READERS.has(type)) assert.deepEqual(saved.scope, ["debug"]);
        if (type === "datalink-server") {
          assert.deepEqual(saved.rules, [{ from: "10.0.0.0/8", may: "write", streams: "^XX_" }]);
        }
      });
    }

    async function addRule(): Promise<void> {
      await editor.page.click(".datalink-server-rules .red-ui-editableList-addButton");
      const row = editor.page.locator(".datalink-server-rule");
      await row.locator("input").first().fill("10.0.0.0/8");
      await row.locator("select").selectOption("write");
      await row.locator("input").last().fill("^XX_");
    }

    it("shows a server's addresses, copies one, and tests them all", async () => {
      const { page } = editor;
      const port = String(await freePort());
      const server = {
        id: "s",
        type: "datalink-server",
        z: "own",
        x: 300,
        y: 80,
        wires: [[]],
        port,
        webPath: "/own",
      };
      await nodeRed.deploy([...FLOWS, { id: "own", type: "tab", label: "own" }, server]);
      await dialogs.reload();
      await editor.showTab("own");
      await dialogs.openDialog("s");
      const urls = [
        `datalink://127.0.0.1:${port}`,
        `ws://127.0.0.1:${port}/datalink`,
        `ws://127.0.0.1:${nodeRed.port}/own`,
        `seedlink://127.0.0.1:${port}`,
      ];
      assert.deepEqual(await page.locator("#datalink-server-addresses code").allTextContents(), urls);
      await page.click("#datalink-server-test");
      await page.waitForFunction(
        "[...document.querySelectorAll('#datalink-server-addresses .datalink-server-answer')].every((line) => /The server answers/.test(line.textContent))",
      );
      await page.context().grantPermissions(["clipboard-read"]);
      await page.locator(".datalink-server-address button").nth(1).click();
      assert.equal(await page.evaluate("navigator.clipboard.readText()"), urls[1]);
      await dialogs.change("webPath", "");
      assert.deepEqual(
        await page.locator("#datalink-server-addresses code").allTextContents(),
        urls.toSpliced(2, 1),
      );
      await dialogs.change("seedLink", "off");
      assert.deepEqual(
        await page.locator("#datalink-server-addresses code").allTextContents(),
        urls.slice(0, 2),
      );
      await dialogs.done();
    });

    it("offers the nodes first that packets get to, and names a chosen one that no wire reaches", async () => {
      const { page } = editor;
      const node = (id: string, type: string, y: number, more: object) => ({
        ...{ id, type, z: "wires", name: id, x: 300, y, wires: [] },
        ...more,
      });
      const settings = { connection: "server", commit: "complete", scope: ["astray", "events"] };
      await nodeRed.deploy([
        ...FLOWS,
        { id: "wires", type: "tab", label: "wires" },
        node("in", "datalink-in", 60, { ...settings, wires: [["out", "joint"], ["events"]] }),
        { id: "joint", type: "junction", z: "wires", x: 400, y: 60, wires: [["wired"]] },
        node("out", "link out", 120, { mode: "link", links: ["other"] }),
        node("other", "link in", 180, { links: ["out"], wires: [["linked"]] }),
        node("wired", "mseed-decode", 240, { wires: [["in"]] }),
        node("linked", "debug", 300, { active: false }),
        node("events", "debug", 360, { active: false }),
        node("astray", "debug", 420, { active: false }),
      ]);
      await dialogs.reload();
      await editor.showTab("wires");
      await dialogs.openDialog("in");
      const list = page.locator("#datalink-in-scope");
      const offered = await list.locator(".red-ui-treeList-label-text").allTextContents();
      assert.deepEqual(offered, ["linked", "out", "wired", "astray", "events"]);
      const warning = page.locator(".datalink-when-complete [role=status]");
      assert.match((await warning.textContent())!, /^No wire from this node reaches astray, events:/);
      await list.getByText("astray", { exact: true }).click();
      assert.match((await warning.textContent())!, /^No wire from this node reaches events:/);
      await list.getByText("events", { exact: true }).click();
      await list.getByText("wired", { exact: true }).click();
      assert.equal(await warning.textContent(), "");
      await dialogs.done();
      assert.deepEqual((await dialogs.settings("in")).scope, ["wired"]);
    });

    it("open nodes of an older version with the settings that came later", async () => {
      const old = TYPES.map((type, index) => ({
        id: `old${index}`,
        type,
        z: "old",
        x: placeOf(index)[0],
        y: placeOf(index)[1],
        wires: [],
      }));
      await nodeRed.deploy([...FLOWS, { id: "old", type: "tab", label: "old" }, ...old]);
      await dialogs.reload();
      await editor.showTab("old");
      for (const [index, type] of TYPES.entries()) {
        const id = `old${index}`;
        const needsServer = /^(datalink|seedlink|jetstream)-/.test(type) && type !== "datalink-server";
        const faults = needsServer || HAVE_TO_BE_TOLD.has(type) ? 1 : 0;
        assert.equal(
          ((await dialogs.faults(id)) as unknown[]).length,
          faults,
          `${type}: only what it cannot guess is to be told`,
        );
        await dialogs.openDialog(id);
        await dialogs.done();
      }
    });

    /** A value for a field that differs from the one it has. */
    async function another(name: string, value: FieldValue): Promise<string> {
      const options = await editor.page
        .locator(`#node-input-${name} option`)
        .evaluateAll((all) => all.map((option) => (option as HTMLOptionElement).value));
      if (name in VALUES && options.length === 0) return VALUES[name]!;
      if (name === "connection") return options.find((option) => option !== "" && option !== "_ADD_")!;
      return options.filter((option) => option !== value && option !== "_ADD_").at(-1) ?? `${name} 1`;
    }
  });
}

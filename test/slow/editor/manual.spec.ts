// The pages that helps link: shown in the editor, from the package, without the Internet.
import assert from "node:assert/strict";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { NodeRed, needsNodeRed, VERSIONS } from "../../support/node-red.ts";

for (const version of VERSIONS) {
  describe(`the pages of helps in Node-RED ${version}`, () => {
    let nodeRed: NodeRed;
    let editor: Editor;
    const asked: string[] = [];

    before(async function () {
      this.timeout(300_000);
      needsChromium(this);
      await needsNodeRed(this, version);
      nodeRed = await NodeRed.start({ version });
      editor = await Editor.open(nodeRed.url);
      editor.page.on("request", (request) => asked.push(request.url()));
    });
    after(async () => {
      await editor?.close();
      await nodeRed?.stop();
    });

    it("open from the help, and lead on to each other", async () => {
      const { page } = editor;
      await page.evaluate(`RED.sidebar.help.show("waveform")`);
      await page.locator("a:visible", { hasText: "This node in full" }).click();
      const shown = page.locator(".datalink-page");
      await shown.getByRole("heading", { name: "waveform", exact: true }).waitFor();
      await shown.getByRole("cell", { name: "Time shown" }).waitFor();
      await shown.getByRole("link", { name: "datalink-in" }).last().click();
      await shown.getByRole("heading", { name: "datalink-in", exact: true }).waitFor();
      await shown.getByRole("link", { name: "codes of connecting" }).first().click();
      await shown.getByRole("heading", { name: "datalink-connection" }).waitFor();
      const heading = shown.getByRole("heading", { name: "What goes wrong" });
      assert.ok(await heading.evaluate((element) => element.getBoundingClientRect().top < 300));
      assert.equal(await shown.count(), 1);
      await page.locator(".red-ui-tray-toolbar button").click();
      await shown.waitFor({ state: "detached" });
    });

    it("leave the editor as it was, and ask nobody but this Node-RED", () => {
      assert.deepEqual(
        asked.filter((url) => !url.startsWith(nodeRed.url)),
        [],
      );
      assert.deepEqual(editor.errors, []);
    });
  });
}

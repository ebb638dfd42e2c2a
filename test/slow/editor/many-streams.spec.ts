// Which streams to read, at a server with thousands of them, in a browser: the list is searched and ticked, and what servers would
// refuse at connect is said before a deploy. How long things took is reported, and not judged: machines differ.
import assert from "node:assert/strict";
import { DataLinkServer } from "../../../lib/server/server.ts";
import { Dialogs } from "../../support/editor/dialogs.ts";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { NodeRed, needsNodeRed } from "../../support/node-red.ts";

const STATIONS = 2066;
const CHANNELS = ["H_H_E", "H_H_N", "H_H_Z"];
const STREAMS = STATIONS * CHANNELS.length;
const nameOf = (i: number) => `S${String(i).padStart(4, "0")}`;

const at = { z: "tab", x: 300, y: 80 };

describe("thousands of streams in the editor", () => {
  let servers: DataLinkServer[] = [];
  let nodeRed: NodeRed;
  let editor: Editor;
  let dialogs: Dialogs;

  before(async function () {
    this.timeout(300_000);
    needsChromium(this);
    await needsNodeRed(this, "5");
    const options = { port: 0, ringBytes: 16 << 20 };
    const small = await DataLinkServer.listen({ ...options, packetSize: 512 });
    const large = await DataLinkServer.listen({ ...options, packetSize: 4096 });
    servers = [small, large];
    for (let i = 0; i < STATIONS; i++) {
      for (const channel of CHANNELS) {
        const streamId = `FDSN:N${i % 10}_${nameOf(i)}_00_${channel}/MSEED`;
        small.write({ streamId, dataStart: 0, payload: Buffer.alloc(64) });
      }
    }
    const connection = ({ port }: DataLinkServer, id: string) => ({
      ...{ id, type: "datalink-connection", version: 1, name: `server ${id}` },
      ...{ address: `127.0.0.1:${port}`, auth: "none", timeout: "10" },
    });
    nodeRed = await NodeRed.start({
      flows: [
        { id: "tab", type: "tab", label: "test" },
        connection(small, "small"),
        connection(large, "large"),
        {
          id: "in",
          type: "datalink-in",
          version: 1,
          connection: "small",
          autoStart: false,
          ...at,
          wires: [],
        },
      ],
    });
    editor = await Editor.open(nodeRed.url);
    dialogs = new Dialogs(editor);
  });
  after(async () => {
    await editor?.[Symbol.asyncDispose]();
    await nodeRed?.stop();
    for (const server of servers) await server.close();
  });
  beforeEach(() => dialogs.openDialog("in"));
  afterEach(async () => {
    await dialogs.cancel();
    assert.deepEqual(editor.errors, [], "errors in the browser's console");
  });

  const shot = async (name: string) => {
    if (process.env.SHOTS) await editor.page.screenshot({ path: `${process.env.SHOTS}/${name}.png` });
  };

  it("lists and searches them, and makes a short pattern of what is ticked", async function () {
    const { page } = editor;
    const status = page.locator("#datalink-in-list [role=status]");
    const begun = performance.now();
    await page.click("#datalink-in-streams");
    await status.filter({ hasText: `${STREAMS} of ${STREAMS}` }).waitFor();
    const listed = performance.now() - begun;
    await shot("many-streams");
    const typed = performance.now();
    await page.fill("#datalink-in-list input[type=text]", "S1234 HHZ");
    await status.filter({ hasText: `1 of ${STREAMS}` }).waitFor();
    const searched = performance.now() - typed;
    await page.fill("#datalink-in-list input[type=text]", "N3 HHZ");
    await status.filter({ hasText: /^20[67] of/ }).waitFor();
    await shot("many-streams-found");
    await page.locator("#datalink-in-list [role=treeitem]").first().click();
    const pattern = page.locator("#datalink-in-list .datalink-picked code");
    assert.equal(await pattern.textContent(), "^FDSN:N3_[^_/]*_00_H_H_Z/MSEED$");
    await page.click("#datalink-in-list button:has-text('Take this')");
    assert.equal(await page.inputValue("#node-input-match"), "^FDSN:N3_[^_/]*_00_H_H_Z/MSEED$");
    this.test!.title += ` (listed after ${listed.toFixed(0)} ms, found after ${searched.toFixed(0)} ms)`;
  });

  it("says below the fields that a pattern is longer than the server takes, before anything is deployed", async () => {
    const { page } = editor;
    const pattern = `^FDSN:(${Array.from({ length: 900 }, (_, i) => `N1_${nameOf(i)}`).join("|")})_`;
    const warning = (row: string) =>
      page.locator(`.form-row:has(#node-input-${row}) + .datalink-bad[role=alert]`);
    assert.equal(await warning("match").isVisible(), false);
    await page.fill("#node-input-match", pattern);
    await warning("match")
      .filter({ hasText: `This has ${pattern.length} characters` })
      .waitFor();
    await warning("match").filter({ hasText: "more than 6320" }).waitFor();
    await shot("pattern-too-long");
    await page.fill("#node-input-match", "^FDSN:N1_");
    await warning("match").waitFor({ state: "hidden" });
    await dialogs.unfold();
    await page.fill("#node-input-reject", pattern);
    await warning("reject").filter({ hasText: "more than 6320" }).waitFor();
    // Another server takes more, and is asked about it.
    await page.selectOption("#node-input-connection", "large");
    await warning("reject").waitFor({ state: "hidden" });
    await page.fill("#node-input-reject", pattern.repeat(6));
    await warning("reject").filter({ hasText: "more than 42160" }).waitFor();
  });
});

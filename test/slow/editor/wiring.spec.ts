// Wires that lead to the wrong node, as a newcomer sees them on the canvas and in the Debug sidebar: in words, whole, and once.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { DataLinkServer, packRecords } from "../../../lib/index.ts";
import { SeisCompServer } from "../../seedlink/seiscomp-server.ts";
import { Dialogs } from "../../support/editor/dialogs.ts";
import { Editor, needsChromium } from "../../support/editor/editor.ts";
import { NodeRed, needsNodeRed, VERSIONS } from "../../support/node-red.ts";

const series = { sourceId: "FDSN:XX_A_00_H_H_Z", startTime: "2026-01-01T00:00:00Z", sampleRate: 1 };
const [record] = packRecords({ ...series, samples: Int32Array.of(1, 2, 3) }, { formatVersion: 3 });
const MSEED = "FDSN:XX_A_00_H_H_Z/MSEED3";
const JSON_STREAM = "FDSN:XX_A/JSON";

/** Each node with the stream that it gets, and what its status says. */
const WRONG: [type: string, match: string, status: RegExp][] = [
  ["waveform", MSEED, /^needs mseed decode before it \(\d+\)$/],
  ["mseed-decode", JSON_STREAM, /^this is JSON, not miniSEED \(\d+\)$/],
  ["mseed-encode", MSEED, /^miniSEED already: leave this node out \(\d+\)$/],
  ["jsonl-archive", MSEED, /^miniSEED: use mseed archive for it \(\d+\)$/],
  ["mseed-archive", JSON_STREAM, /^JSON: use jsonl archive for it \(\d+\)$/],
];

/** Nodes with the address of a server that is not of their kind, and what their status says. */
const STRANGERS: [id: string, type: string, status: string][] = [
  ["to-seedlink", "datalink-in", "a SeedLink server: use seedlink in"],
  ["to-web", "datalink-in", "a web server: check the port"],
  ["to-datalink", "seedlink-in", "a DataLink server: use datalink in"],
];

function flows(address: string, strangers: Record<string, string>): object[] {
  const node = (id: string, type: string, x: number, y: number, more: object) => ({
    ...{ id, type, z: "tab", name: "", version: 1, x, y, wires: [] },
    ...more,
  });
  return [
    { id: "tab", type: "tab", label: "test" },
    { id: "server", type: "datalink-connection", version: 1, name: "", address, auth: "none", timeout: "5" },
    ...WRONG.flatMap(([type, match], index) => [
      node(`in${index}`, "datalink-in", 140, 60 + 100 * index, {
        ...{ connection: "server", match: `^${match}$`, from: "earliest", wires: [[type], []] },
      }),
      node(type, type, 420, 60 + 100 * index, { active: false }),
    ]),
    node("nothing", "datalink-in", 140, 60 + 100 * WRONG.length, {
      ...{ connection: "server", match: "FDSN:YY_.*", wires: [[], []] },
    }),
    ...STRANGERS.flatMap(([id, type], index) => [
      {
        ...{ id: `line-${id}`, type: type.replace("-in", "-connection"), version: 1, name: "" },
        ...{ address: strangers[id], auth: "none", timeout: "1" },
      },
      node(id, type, 420, 60 + 100 * (WRONG.length + index), {
        ...{ connection: `line-${id}`, wires: [[], []] },
      }),
    ]),
  ];
}

for (const version of VERSIONS) {
  describe(`wires that lead to the wrong node, in Node-RED ${version}`, () => {
    let server: DataLinkServer;
    let seedLink: SeisCompServer;
    let web: http.Server;
    let nodeRed: NodeRed;
    let editor: Editor;

    before(async function () {
      this.timeout(300_000);
      needsChromium(this);
      await needsNodeRed(this, version);
      server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, seedLink: false });
      seedLink = await SeisCompServer.start();
      web = http.createServer((_request, response) => response.end()).listen(0, "127.0.0.1");
      await once(web, "listening");
      const strangers = {
        "to-seedlink": new URL(seedLink.url).host,
        "to-web": `127.0.0.1:${(web.address() as AddressInfo).port}`,
        "to-datalink": `127.0.0.1:${server.port}`,
      };
      nodeRed = await NodeRed.start({ version, flows: flows(server.url, strangers) });
      editor = await Editor.open(nodeRed.url);
      // What is said after the editor is open is in its Debug sidebar.
      for (let i = 1; i <= 20; i++) {
        server.write({ streamId: MSEED, dataStart: i * 1e6, payload: record! });
        server.write({ streamId: JSON_STREAM, dataStart: i * 1e6, payload: '{"volt":12}' });
      }
    });
    after(async () => {
      await editor?.close();
      await nodeRed?.stop();
      await server?.close();
      await seedLink?.[Symbol.asyncDispose]();
      web?.close();
    });

    const status = (id: string) => editor.page.locator(`[id="${id}"] .red-ui-flow-node-status-label`);

    for (const [type, , sentence] of WRONG) {
      it(`${type} says it on the canvas, not much wider than two nodes`, async () => {
        await status(type).filter({ hasText: sentence }).waitFor();
        const node = (await editor.page.locator(`[id="${type}"] .red-ui-flow-node`).boundingBox())!;
        const { width } = (await status(type).boundingBox())!;
        assert.ok(width < 2.2 * node.width, `${width} pixels below a node of ${node.width}`);
      });
    }

    it("a pattern that no stream matches is said", async () => {
      await status("nothing")
        .filter({ hasText: /^no stream matches yet$/ })
        .waitFor();
    });

    for (const [id, type, sentence] of STRANGERS) {
      it(`${type} says on the canvas, and its connection's Test in words, that there is ${sentence}`, async () => {
        await status(id).filter({ hasText: sentence }).waitFor();
        const dialogs = new Dialogs(editor);
        await dialogs.open(`line-${id}`);
        const { page } = editor;
        await page.click("[id$=connection-test]");
        const answer = page.locator("[id$=connection-answer].datalink-bad");
        await answer.filter({ hasText: /is a \w+ server: use .*, or give the port of a/ }).waitFor();
        await dialogs.cancel();
      });
    }

    it("the Debug sidebar has each once, whole", async () => {
      await editor.action("core:show-debug-tab");
      const { page } = editor;
      const messages = page.locator(".red-ui-debug-msg");
      const said = async (type: string) => {
        const own = page.locator(`.red-ui-debug-msg-node-${type}`);
        await own.first().waitFor();
        assert.equal(await own.count(), 1, `${type} says it once`);
        return (await own.locator(".red-ui-debug-msg-payload").textContent())!;
      };
      assert.match(
        await said("waveform"),
        /put mseed decode before this node where miniSEED comes, or send \{ sourceId, startTime, sampleRate, samples \}"?$/,
      );
      assert.match(
        await said("mseed-decode"),
        /not a Buffer but JSON \(FDSN:XX_A\/JSON\): give it the bytes of miniSEED records\."?$/,
      );
      assert.match(
        await said("jsonl-archive"),
        /passes by\. jsonl archive keeps packets of JSON only: use mseed archive for miniSEED\."?$/,
      );
      // How many there are depends on whether the readers connected before or after the sidebar began to listen.
      const all = await messages.evaluateAll((elements) =>
        elements.map(
          (element) => element.className + element.querySelector(".red-ui-debug-msg-payload")?.textContent,
        ),
      );
      assert.deepEqual(all, [...new Set(all)], "nothing is said twice");
    });
  });
}

// The entry point ./browser in a page of a real browser: it writes records to the server, reads them back and decodes them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { build } from "esbuild";
import type * as Face from "../../lib/browser.ts";
import { DataLinkServer } from "../../lib/server/server.ts";
import { BrowserPage, needsChromium } from "../support/editor/browser.ts";

declare const face: typeof Face;

/** Runs in the page; gives the samples that came back, and what an address says that a page cannot use. */
async function roundTrip(url: string): Promise<{ samples: number[]; code: unknown }> {
  const sent = Array.from({ length: 500 }, (_, i) => Math.round(1000 * Math.sin(i / 9)));
  const series = {
    sourceId: "FDSN:XX_PAGE_00_H_H_Z",
    startTime: "2026-11-22T06:00:00Z",
    sampleRate: 100,
    samples: sent,
  };
  const writer = new face.PacketWriter(url);
  for (const payload of face.packRecords(series, { formatVersion: 2, recordLength: 512 })) {
    const [record] = face.readRecords(payload);
    const { startTime: dataStart, endTime: dataEnd } = record!;
    await writer.write({ streamId: `${series.sourceId}/MSEED`, dataStart, dataEnd, payload });
  }
  await writer.close();
  const samples: number[] = [];
  for await (const packet of face.subscribe(url, { from: "earliest" })) {
    for (const record of face.readRecords(packet.payload)) samples.push(...(record.samples as Int32Array));
    if (samples.length >= sent.length) break;
  }
  const code = await face.DataLinkClient.connect("datalink://127.0.0.1").catch(
    (error: { code?: unknown }) => error.code,
  );
  return { samples, code };
}

describe("@seisflow/node-red-datalink/browser", () => {
  before(function () {
    needsChromium(this);
  });

  it("works in Chromium", async () => {
    const { outputFiles } = await build({
      entryPoints: [path.join(__dirname, "../../lib/browser.js")],
      bundle: true,
      format: "iife",
      globalName: "face",
      platform: "browser",
      write: false,
      logLevel: "error",
    });
    const script = outputFiles[0]!.text;
    const web = createServer((request, response) => {
      const isScript = request.url === "/face.js";
      response.setHeader("content-type", `text/${isScript ? "javascript" : "html"}; charset=utf-8`);
      response.end(
        isScript ? script : `<!doctype html><link rel="icon" href="data:,"><script src="face.js"></script>`,
      );
    }).listen(0, "127.0.0.1");
    await once(web, "listening");
    const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    try {
      const webSocket = { origins: [origin] };
      await using server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, webSocket });
      await using browser = await BrowserPage.blank();
      await browser.page.goto(origin);
      const { samples, code } = await browser.page.evaluate(
        roundTrip,
        `ws://127.0.0.1:${server.port}/datalink`,
      );
      assert.deepEqual(
        samples,
        Array.from({ length: 500 }, (_, i) => Math.round(1000 * Math.sin(i / 9))),
      );
      assert.equal(code, "INVALID_ARGUMENT");
      assert.deepEqual(browser.errors, []);
    } finally {
      web.close();
      web.closeAllConnections();
    }
  });
});

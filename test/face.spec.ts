// The face of the package: what `exports` names can be imported, by ESM and CommonJS, in Node.js and in a page; its
// declarations say all that a strict TypeScript project needs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import vm from "node:vm";
import { build, type Metafile } from "esbuild";
import type * as Page from "../lib/browser.ts";
import { DataLinkServer } from "../lib/server/server.ts";
import { ENTRIES, withFace } from "./support/face.ts";
import { PACKAGE } from "./support/node-red.ts";
import { PAGE_GLOBALS } from "./support/page-globals.ts";

const root = path.join(__dirname, "..");
const load = createRequire(__filename);
const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { types: string }>;
};

/** `@seisflow/node-red-datalink/mseed` for `./mseed`. */
const nameOf = (entry: string) => path.posix.join(PACKAGE, entry);

/** What a bundler makes of an entry point for a page. */
async function bundle(entry: string): Promise<{ text: string; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export * from "${nameOf(entry)}"`, resolveDir: root },
    bundle: true,
    format: "iife",
    globalName: "face",
    platform: "browser",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  return { text: outputFiles[0]!.text, metafile };
}

describe("the face", () => {
  it("is what the plan says, and nothing else", () => {
    assert.deepEqual(Object.keys(manifest.exports).sort(), [
      ".",
      "./browser",
      "./mseed",
      "./package.json",
      "./signal",
    ]);
    assert.throws(() => load(`${PACKAGE}/lib/limits.js`), { code: "ERR_PACKAGE_PATH_NOT_EXPORTED" });
    assert.equal((load(`${PACKAGE}/package.json`) as { name: string }).name, PACKAGE);
  });

  for (const [entry, declarations] of Object.entries(ENTRIES)) {
    describe(nameOf(entry), () => {
      it("is declared where package.json says", () => {
        const { types } = manifest.exports[entry] as { types: string };
        assert.equal(path.normalize(types), declarations);
      });

      it("gives the same to import and to require", async () => {
        const required = load(nameOf(entry)) as Record<string, unknown>;
        const imported = (await import(nameOf(entry))) as Record<string, unknown>;
        const names = Object.keys(required);
        assert.ok(names.includes(entry === "./signal" ? "designButterworth" : "readRecords"));
        for (const name of names) assert.equal(imported[name], required[name], name);
      });

      it("has declarations that a strict project takes, with the types of Node.js alone", () => {
        withFace(declarations, ({ complaints }) => assert.deepEqual(complaints, []));
      });

      it("exports all that its declarations name", () => {
        withFace(declarations, ({ exports }) => {
          const missing = exports.flatMap((one) => one.missing.map((name) => `${one.name} needs ${name}`));
          assert.deepEqual(missing, []);
        });
      });
    });
  }

  for (const entry of ["./mseed", "./signal", "./browser"]) {
    it(`${nameOf(entry)} is bundled for a page without anything of Node.js`, async () => {
      const { text, metafile } = await bundle(entry);
      const external = Object.values(metafile.inputs)
        .flatMap(({ imports }) => imports)
        .filter((one) => one.external && one.path !== "<runtime>")
        .map((one) => one.path);
      // The XML parser asks for streams, and does without where there are none.
      assert.deepEqual(
        external.filter((name) => name !== "stream"),
        [],
      );
      if (entry !== "./browser") assert.deepEqual(external, []);
      assert.doesNotMatch(text, /require\("node:/);
    });
  }

  it("works in a page: records are made, sent, received and read there", async function () {
    if (typeof globalThis.WebSocket !== "function") this.skip();
    const { text } = await bundle("./browser");
    const page = vm.runInNewContext(`${text}; face`, { ...PAGE_GLOBALS }) as typeof Page;
    const webSocket = { origins: ["*"] };
    await using server = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, webSocket });
    const url = `ws://127.0.0.1:${server.port}/datalink`;
    const samples = Array.from({ length: 100 }, (_, i) => i * i);
    const series = {
      sourceId: "FDSN:XX_PAGE_00_H_H_Z",
      startTime: "2026-11-22T06:00:00Z",
      sampleRate: 100,
      samples,
    };
    const dali = await page.DataLinkClient.connect(url);
    for (const payload of page.packRecords(series, { formatVersion: 3 })) {
      const { startTime, endTime } = [...page.readRecords(payload)][0]!;
      await dali.write({
        streamId: "FDSN:XX_PAGE_00_H_H_Z/MSEED3",
        dataStart: startTime,
        dataEnd: endTime,
        payload,
      });
    }
    await dali.close();
    const received: number[] = [];
    for await (const packet of page.subscribe(url, { from: "earliest" })) {
      for (const record of page.readRecords(packet.payload)) received.push(...(record.samples as Int32Array));
      if (received.length >= samples.length) break;
    }
    assert.deepEqual(received, samples);
  });
});

// What is picked of a server's streams in a dialog, as a pattern: it selects that and nothing else, and is short.
import assert from "node:assert/strict";
import path from "node:path";
import vm from "node:vm";
import { buildSync } from "esbuild";
import fc from "fast-check";
import { StreamMatcher } from "../../lib/seedlink/protocol/matching.ts";
import { parseStreams } from "../../lib/seedlink/protocol/selectors.ts";
import { compileNow } from "../../lib/server/access/pattern.ts";

interface Leaf {
  id: string;
  picked: boolean;
}
interface Branch {
  label: string;
  children: Branch[];
  leaves: Leaf[];
}
/** What of the editor's scripts is looked at. */
interface Scripts {
  streamTree(ids: string[]): Branch[];
  search(networks: Branch[], words: string): Set<Leaf> | undefined;
  picked(networks: Branch[]): object[];
  regularExpression(picks: object[]): string;
  seedLinkStreams(picks: object[]): string;
}

const SHARED = path.join(__dirname, "../../resources/shared/streams");
const scripts = ((): Scripts => {
  const contents = 'export * from "./streams.js"; export * from "./patterns.js";';
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: SHARED },
    ...{ bundle: true, format: "iife", globalName: "scripts", write: false },
  });
  const context = vm.createContext({});
  vm.runInContext(outputFiles![0]!.text.replace(/^"use strict";\n?/, ""), context);
  return vm.runInContext("scripts", context) as Scripts;
})();

/** The tree of these streams, with those picked that fit. */
function pick(ids: string[], isPicked: (id: string) => boolean): Branch[] {
  const networks = scripts.streamTree(ids);
  for (const leaf of networks.flatMap(({ leaves }) => leaves)) leaf.picked = isPicked(leaf.id);
  return networks;
}

const expression = (ids: string[], isPicked: (id: string) => boolean) =>
  scripts.regularExpression(scripts.picked(pick(ids, isPicked)));
const seedLink = (ids: string[], isPicked: (id: string) => boolean) =>
  scripts.seedLinkStreams(scripts.picked(pick(ids, isPicked)));

/** Whether SeedLink's text asks for a stream `NET_STA_LOC_B_S_SS`. */
function asksFor(text: string, id: string): boolean {
  const [network, station, ...stream] = id.split("_");
  const candidate = {
    station: `${network}_${station}`,
    stream: stream.join("_"),
    format: "2",
    subformat: "D",
  };
  return new StreamMatcher(parseStreams(text)).matches(candidate);
}

const STATIONS = ["CO_JSC", "CO_CASEE", "CO_BIRD", "IU_KONO", "IU_ANMO"];
const IDS = STATIONS.flatMap((station) =>
  ["00_H_H_Z", "00_H_H_N", "00_H_H_E", "10_B_H_Z", "_L_O_G"].map((stream) => `${station}_${stream}`),
);
const DATALINK_IDS = IDS.map((id) => `FDSN:${id}/MSEED`);

describe("a server's streams in a dialog", () => {
  it("are a tree of networks, stations and streams, in the order of their names", () => {
    const networks = scripts.streamTree([...DATALINK_IDS, "hello/TEXT", "FDSN:CO_JSC/JSON"]);
    const names = (branches: Branch[]) => branches.map(({ label }) => label).join(" ");
    assert.equal(names(networks), "CO IU hello");
    assert.equal(names(networks[0]!.children), "BIRD CASEE JSC");
    assert.equal(
      networks[0]!.children[2]!.children.map(({ label }) => label).join(", "),
      "JSON, 00 HHE MSEED, 00 HHN MSEED, 00 HHZ MSEED, 10 BHZ MSEED, LOG MSEED",
    );
  });

  it("are found by words as people write them", () => {
    const found = (words: string) => scripts.search(scripts.streamTree(DATALINK_IDS), words)?.size;
    assert.equal(found(""), undefined);
    assert.equal(found("  "), undefined);
    assert.equal(found("jsc"), 5);
    assert.equal(found("CO_JSC"), 5);
    assert.equal(found("co hhz"), 3);
    assert.equal(found("IU.KONO.00.HHZ"), 1);
    assert.equal(found("FDSN:IU_KONO_00_H_H_Z"), 1);
    assert.equal(found("nowhere"), 0);
  });

  it("become a pattern that says whole networks and stations by their names", () => {
    const whole = (start: string) => expression(DATALINK_IDS, (id) => id.startsWith(`FDSN:${start}`));
    assert.equal(whole("CO_"), "^FDSN:CO_");
    assert.equal(whole("CO_JSC_"), "^FDSN:CO_JSC_");
    assert.equal(whole("CO_JSC_00_H_H_"), "^FDSN:CO_JSC_00_H_H_[ENZ]/MSEED$");
    assert.equal(whole("CO_JSC_00_H_H_Z"), "^FDSN:CO_JSC_00_H_H_Z/MSEED$");
    assert.equal(
      expression(DATALINK_IDS, (id) => /CO_.*_H_H_Z/.test(id)),
      "^FDSN:CO_[^_/]*_00_H_H_Z/MSEED$",
    );
    assert.equal(
      expression(DATALINK_IDS, (id) => /CO_|IU_KONO/.test(id)),
      "^FDSN:(CO_|IU_KONO_)",
    );
    assert.equal(
      expression(DATALINK_IDS, () => false),
      "",
    );
  });

  it("become SeedLink's streams", () => {
    const whole = (start: string) => seedLink(IDS, (id) => id.startsWith(start));
    assert.equal(whole("CO_"), "CO_*");
    assert.equal(whole("CO_JSC_"), "CO_JSC");
    assert.equal(whole("CO_JSC_00_H_H_"), "CO_JSC:00HH?");
    assert.equal(whole("CO_JSC_00_H_H_Z"), "CO_JSC:00HHZ");
    assert.equal(whole("CO_JSC__L_O_G"), "CO_JSC:--LOG");
    assert.equal(
      seedLink(IDS, (id) => /CO_.*_H_H_Z|IU_KONO_10/.test(id)),
      "CO_*:00HHZ, IU_KONO:10BHZ",
    );
  });

  const ids = fc.uniqueArray(
    fc
      .tuple(
        fc.constantFrom("AA", "AB", "B", "XX2024"),
        fc.constantFrom("A", "AB", "ABC", "B1", "LONGNAME"),
        fc.constantFrom("", "00", "10"),
        fc.constantFrom("H_H_Z", "H_H_N", "H_N_Z", "L_O_G", "B_D_F", "B_XY_Z"),
      )
      .map((codes) => codes.join("_")),
    { minLength: 1, maxLength: 60 },
  );
  const choice = fc.infiniteStream(fc.boolean());

  it("become an expression that selects what is picked and nothing else, for any picks", () => {
    const types = fc.constantFrom("/MSEED", "/MSEED3");
    fc.assert(
      fc.property(ids, choice, types, (names, picks, type) => {
        const all = [...names.map((name) => `FDSN:${name}${type}`), "FDSN:AA_A/JSON", "odd", "od(d)/TEXT"];
        const wanted = new Set(all.filter(() => picks.next().value));
        const pattern = expression(all, (id) => wanted.has(id));
        if (wanted.size === 0) return assert.equal(pattern, "");
        const own = compileNow(pattern);
        for (const id of all) {
          assert.equal(new RegExp(pattern).test(id), wanted.has(id), `${pattern} and ${id}`);
          assert.equal(own.test(id), wanted.has(id), `our server: ${pattern} and ${id}`);
        }
        return undefined;
      }),
    );
  });

  it("become SeedLink's streams that ask for what is picked and nothing else, for any picks", () => {
    fc.assert(
      fc.property(ids, choice, (names, picks) => {
        const wanted = new Set(names.filter(() => picks.next().value));
        if (wanted.size === 0) return;
        const text = seedLink(names, (id) => wanted.has(id));
        for (const id of names) assert.equal(asksFor(text, id), wanted.has(id), `${text} and ${id}`);
      }),
    );
  });

  it("stay short: 300 stations of 2,000 fit into what every server takes", () => {
    const many = Array.from({ length: 2000 }, (_, i) => `N${i % 40}_S${String(i).padStart(4, "0")}`).flatMap(
      (station) => ["00_H_H_Z", "00_H_H_N", "00_H_H_E"].map((stream) => `FDSN:${station}_${stream}/MSEED`),
    );
    const pattern = expression(
      many,
      (id) => Number(/_S(\d+)/.exec(id)![1]) % 7 === 0 && Number(/_S(\d+)/.exec(id)![1]) < 2100,
    );
    assert.ok(pattern.length < 6000, `${pattern.length} characters`);
    compileNow(pattern);
  });
});

// nodes/signal/station-source.ts: when a file is read and a service asked again, and what is kept of the answers.
import assert from "node:assert/strict";
import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mock } from "node:test";
import { FileSource, ServiceSource, TableSource } from "../../../nodes/signal/station-source.ts";
import { newFolder } from "../../support/folders.ts";
import { START } from "./records.ts";

const DAY = 86_400_000;
const SERVICE = "http://service.example";
const idOf = (station: string) => `FDSN:XX_${station}_00_H_H_Z`;
const lineOf = (station: string, counts: number) =>
  `XX|${station}|00|HHZ|0|0|0|0|0|-90|sensor|${counts}|1|M/S|100|2020-01-01T00:00:00|\n`;

describe("a station source", () => {
  let folder: string;
  let now: number;
  /** What the wall clock was set ahead by. */
  let step: number;
  beforeEach(() => {
    folder = newFolder();
    now = 1_800_000_000_000;
    step = 0;
    mock.method(Date, "now", () => now + step);
    mock.method(performance, "now", () => now);
  });
  afterEach(() => {
    mock.restoreAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it("of a table takes the first line that fits, and ten thousand lines", async () => {
    const lines = [
      "# comment",
      "",
      "  XX.A.00.HHZ 2 m/s",
      "XX.A.* 3 m/s",
      ...Array.from({ length: 9997 }, () => "YY.Y.00.HHZ 5 m/s"),
      "XX.B.00.HHZ 7 m/s",
      "XX.C.00.HHZ 8 m/s",
    ];
    const table = new TableSource(lines.join("\r\n"));
    assert.deepEqual(await table.find(idOf("A")), { pattern: "XX.A.00.HHZ", sensitivity: 2, units: "m/s" });
    assert.equal((await table.find(idOf("B")))?.sensitivity, 7);
    assert.equal(await table.find(idOf("C")), undefined);
    for (const line of ["XX.A", "XX.A 5", "XX.A 0 m/s", "XX.A x m/s"])
      assert.throws(() => new TableSource(line), { code: "NOT_STATIONS" });
  });

  describe("of a file", () => {
    const write = (file: string, counts: number) =>
      writeFileSync(
        file,
        `<FDSNStationXML><Network code="XX"><Station code="A"><Channel code="HHZ" locationCode="00" startDate="2020-01-01">
        <Response><InstrumentSensitivity><Value>${counts}</Value><InputUnits><Name>M/S</Name></InputUnits></InstrumentSensitivity></Response>
        </Channel></Station></Network></FDSNStationXML>`,
      );
    const find = async (source: FileSource) => (await source.find(idOf("A"), START))?.sensitivity;

    it("reads it again after a minute if it has changed", async () => {
      const file = path.join(folder, "stations.xml");
      const source = new FileSource(file);
      write(file, 5);
      utimesSync(file, 1000, 1000);
      assert.equal(await find(source), 5);
      write(file, 6);
      utimesSync(file, 2000, 2000);
      now += 60_000;
      assert.equal(await find(source), 5);
      now += 1;
      assert.equal(await find(source), 6);
      // As it is known by its time, it is not read again.
      write(file, 7);
      utimesSync(file, 2000, 2000);
      now += 60_001;
      assert.equal(await find(source), 6);
      rmSync(file);
      assert.equal(await find(source), 6);
      now += 60_001;
      await assert.rejects(find(source), { code: "STATIONS_UNREACHABLE" });
    });

    it("tells what is wrong with it each time, until it can be read", async () => {
      const file = path.join(folder, "stations.xml");
      const source = new FileSource(file);
      writeFileSync(file, "no stations");
      for (let i = 0; i < 2; i++) await assert.rejects(find(source), { code: "NOT_STATIONS" });
      writeFileSync(file, Buffer.alloc(64 * 1024 * 1024 + 1, " "));
      await assert.rejects(find(source), {
        code: "STATIONS_UNREACHABLE",
        message: /more than 67108864 bytes/,
      });
      write(file, 5);
      assert.equal(await find(source), 5);
    });
  });

  describe("of a service", () => {
    let asked: string[];
    let answer: (station: string) => Response;
    beforeEach(() => {
      asked = [];
      answer = (station) => new Response(lineOf(station, 5));
      mock.method(globalThis, "fetch", async (url: string) => {
        const station = /[?&]sta=([^&]+)/.exec(url)![1]!;
        asked.push(station);
        return answer(station);
      });
    });

    const cache = () => path.join(folder, "answers.json");
    const kept = () => Object.keys(JSON.parse(readFileSync(cache(), "utf8")) as object);
    const find = async (source: ServiceSource, station: string) =>
      (await source.find(idOf(station), START))?.sensitivity;

    it("asks once a day, also after a start", async () => {
      const source = new ServiceSource(SERVICE, cache());
      assert.deepEqual([await find(source, "A"), await find(source, "A")], [5, 5]);
      now += DAY - 1;
      assert.equal(await find(source, "A"), 5);
      assert.equal(await find(new ServiceSource(SERVICE, cache()), "A"), 5);
      assert.deepEqual(asked, ["A"]);
      answer = (station) => new Response(lineOf(station, 6));
      now += 1;
      assert.equal(await find(new ServiceSource(SERVICE, cache()), "A"), 6);
      assert.equal(await find(source, "A"), 6);
      assert.deepEqual(asked, ["A", "A", "A"]);
    });

    it("asks again a minute after it has failed, and lives on what it knew", async () => {
      answer = () => new Response("", { status: 503, statusText: "Busy" });
      const source = new ServiceSource(SERVICE, cache());
      const failure = { code: "STATIONS_UNREACHABLE", message: /XX_A: it answers 503 Busy/ };
      await assert.rejects(find(source, "A"), failure);
      now += 59_999;
      await assert.rejects(find(source, "A"), failure);
      answer = (station) => new Response(lineOf(station, 5));
      now += 1;
      assert.equal(await find(source, "A"), 5);
      answer = () => new Response("", { status: 500 });
      now += DAY;
      assert.equal(await find(source, "A"), 5);
      answer = (station) => new Response(lineOf(station, 6));
      now += 59_999;
      assert.equal(await find(source, "A"), 5);
      now += 1;
      assert.equal(await find(source, "A"), 6);
      assert.deepEqual(asked, ["A", "A", "A", "A"]);
    });

    it("asks no sooner and no later when the clock is set", async () => {
      const source = new ServiceSource(SERVICE, cache());
      answer = () => new Response("", { status: 503 });
      await assert.rejects(find(source, "A"));
      step = 10 * DAY;
      await assert.rejects(find(source, "A"));
      assert.deepEqual(asked, ["A"], "set ahead");
      answer = (station) => new Response(lineOf(station, 5));
      step = -10 * DAY;
      now += 60_000;
      assert.equal(await find(source, "A"), 5, "set back");
      step = 0;
      now += DAY - 1;
      assert.equal(await find(source, "A"), 5);
      assert.deepEqual(asked, ["A", "A"]);
      // What was kept before the clock was set back is from the future.
      const later = new ServiceSource(SERVICE, cache());
      step = -20 * DAY;
      assert.equal(await find(later, "A"), 5);
      assert.deepEqual(asked, ["A", "A", "A"]);
    });

    it("knows nothing of a station that the service does not have, and asks for no name that cannot be one", async () => {
      const source = new ServiceSource(SERVICE, cache());
      for (const status of [204, 404]) {
        answer = () => new Response(null, { status });
        assert.equal(await find(source, `N${status}`), undefined);
      }
      const names = ["ABCDEFGHI", "a", "A.", "%26"];
      for (const name of names) assert.equal(await find(source, name), undefined);
      assert.equal(await source.find("FDSN:TOOLONGNET_A_00_H_H_Z", START), undefined);
      assert.equal(await find(source, "A-1"), undefined);
      assert.deepEqual(asked, ["N204", "N404", "A-1"]);
    });

    it("takes an answer of four million characters, and none that is longer", async () => {
      const long = (length: number) => `${lineOf("A", 5)}#${" ".repeat(length - lineOf("A", 5).length - 1)}`;
      answer = () => new Response(long(4 * 1024 * 1024));
      const source = new ServiceSource(SERVICE, cache());
      assert.equal(await find(source, "A"), 5);
      answer = () => new Response(long(4 * 1024 * 1024 + 1));
      await assert.rejects(find(source, "B"), { message: /more than 4194304 characters/ });
    });

    it("keeps a thousand stations, in its file too", async () => {
      const source = new ServiceSource(SERVICE, cache());
      const text = (station: string) => lineOf(station, 5);
      const answers = Object.fromEntries(
        Array.from({ length: 1001 }, (_, i) => [`XX_S${i}`, { asked: now, text: text(`S${i}`) }]),
      );
      writeFileSync(cache(), JSON.stringify(answers));
      assert.equal(await find(source, "S999"), 5);
      assert.deepEqual(asked, []);
      assert.equal(await find(source, "S1000"), 5);
      assert.deepEqual(
        [asked, kept().length, kept().at(-1), kept()[0]],
        [["S1000"], 1000, "XX_S1000", "XX_S1"],
      );
    });

    it("takes nothing of a file that is damaged, and what is whole of one whose entries are", async () => {
      writeFileSync(cache(), "{");
      assert.equal(await find(new ServiceSource(SERVICE, cache()), "A"), 5);
      const whole = { asked: now, text: lineOf("B", 7) };
      const broken = { XX_C: { asked: "now", text: lineOf("C", 7) }, XX_D: { asked: now, text: 5 } };
      writeFileSync(cache(), JSON.stringify({ ...broken, XX_B: whole }));
      const source = new ServiceSource(SERVICE, cache());
      assert.deepEqual(
        [await find(source, "B"), await find(source, "C"), await find(source, "D")],
        [7, 5, 5],
      );
      assert.deepEqual(asked, ["A", "C", "D"]);
    });

    it("gives up what is under way when it is closed", async () => {
      const isAsked = new Promise<AbortSignal>((resolve) => {
        mock.method(
          globalThis,
          "fetch",
          (_: string, { signal }: { signal: AbortSignal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason as Error));
              resolve(signal);
            }),
        );
      });
      const source = new ServiceSource(SERVICE, cache());
      const finding = find(source, "A");
      assert.ok(!(await isAsked).aborted);
      source.close();
      await assert.rejects(finding, { code: "STATIONS_UNREACHABLE", message: /aborted/ });
      assert.equal(statSync(cache(), { throwIfNoEntry: false }), undefined);
    });
  });
});

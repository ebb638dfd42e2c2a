// What comes into a seismograph besides records: triggers, earthquakes in all their forms, stations, and anything else.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { CodedError } from "../../lib/errors.ts";
import { packRecords } from "../../lib/mseed/pack.ts";
import { arrivalAt } from "../../lib/seismograph/intake/arrivals.ts";
import { eventMarks } from "../../lib/seismograph/intake/events.ts";
import { stationPlaces } from "../../lib/seismograph/intake/stations.ts";
import { travelTime } from "../../lib/seismograph/intake/travel-times.ts";
import { triggerMark } from "../../lib/seismograph/intake/trigger.ts";
import { Seismograph } from "../../lib/seismograph/seismograph.ts";
import { DAY, ID, record, wave } from "./helpers.ts";

const quake = {
  id: "us1",
  time: DAY,
  latitude: -20.5,
  longitude: -175.2,
  depth: 30.5,
  magnitude: 5.8,
  place: "Tonga",
  arrivals: {},
};

const CHECKS = [
  [404.89, 132.17, 922.6, 1497.59],
  [516.88, 167.78, 1146.13, 1520.87],
  [480.93, 164.21, 1146.98, 1525.42],
  [18.85, 83.15, 744.71, 1364.19],
  [613.18, 115.69, 829.94, 1406.21],
  [585.59, 20.59, 239.63, 433.87],
  [304.89, 44.27, 459.83, 830.56],
  [353.44, 102.37, 795.69, 1399.97],
  [8.52, 38.97, 446.38, 806.06],
  [181.66, 163.15, 1179.89, 1587.27],
  [497.72, 28.83, 317.14, 572.18],
  [518.15, 25.13, 283.51, 512.22],
  [401.34, 22.99, 271.41, 492.47],
  [136.15, 38.75, 430.81, 778.46],
  [188.05, 171.16, 1185.1, 1590.57],
  [350.5, 120.81, 877.85, 1474.28],
  [133.11, 167.52, 1189.55, 1600.97],
  [448.92, 172.07, 1155.69, 1535.85],
  [580.93, 53.54, 507.12, 917.68],
  [234.77, 29.96, 346.4, 627.12],
  [94.71, 12.06, 168.56, 301.71],
  [195.88, 107.55, 835.92, 1456.51],
  [2.2, 120.83, 918.86, 1552.04],
  [219.63, 55.52, 552.21, 1000.61],
] as const;

describe("what comes into a seismograph", () => {
  it("are earthquakes as USGS, EMSC, an FDSN service or a flow tells them", () => {
    const time = new Date(DAY / 1000).toISOString();
    const properties = { mag: 5.8, place: "Tonga", time: DAY / 1000 };
    const geometry = { type: "Point", coordinates: [-175.2, -20.5, 30.5] };
    const feature = { type: "Feature", id: "us1", properties, geometry };
    const emsc = {
      action: "create",
      data: {
        type: "Feature",
        geometry: { coordinates: [-175.2, -20.5, -30.5] },
        properties: {
          unid: "us1",
          flynn_region: "Tonga",
          time,
          mag: 5.8,
          lat: -20.5,
          lon: -175.2,
          depth: 30.5,
        },
      },
    };
    const text = `#EventID | Time | Latitude | Longitude | Depth/km | Author | Catalog | Contributor | ContributorID | MagType | Magnitude | MagAuthor | EventLocationName
us1|${time.slice(0, -1)}|-20.5|-175.2|30.5|us|us|us|us1|mww|5.8|us|Tonga
`;
    for (const payload of [
      { type: "FeatureCollection", features: [feature, null, {}] },
      feature,
      emsc,
      text,
      { id: "us1", time, latitude: -20.5, longitude: "-175.2", depth: 30.5, magnitude: 5.8, place: "Tonga" },
    ])
      assert.deepEqual(eventMarks(payload), [quake]);
    assert.deepEqual(eventMarks({ type: "FeatureCollection", features: [] }), []);
    assert.deepEqual(eventMarks(""), []);
    assert.equal(eventMarks({ time }), undefined);
    assert.equal(eventMarks("some text"), undefined);
    const odd = eventMarks({ ...quake, time, latitude: 999, place: "a\u202eb\n\0c" })!;
    assert.deepEqual([odd[0]!.latitude, odd[0]!.place], [null, "a b c"]);
  });

  it("are triggers, begun and ended", () => {
    const trigger = {
      event: "on",
      sourceId: `FDSN:${ID}`,
      onTime: "2026-01-02T00:00:01Z",
      ratio: 4,
      test: true,
    };
    const on = {
      id: `${ID}@${DAY + 1e6}`,
      channel: ID,
      on: DAY + 1e6,
      off: null,
      ratio: 4,
      peakRatio: null,
      isTest: true,
    };
    assert.deepEqual(triggerMark(trigger), on);
    const off = triggerMark({ ...trigger, event: "off", offTime: "2026-01-02T00:00:00Z", peakRatio: "x" });
    assert.equal(off?.off, DAY + 1e6, "no end before its beginning");
    assert.equal(triggerMark({ ...trigger, onTime: "soon" }), undefined);
    assert.equal(triggerMark({ event: "on" }), undefined);
  });

  it("are stations, so that earthquakes are marked where their waves come", () => {
    const seismograph = new Seismograph({ hours: 1 });
    seismograph.take(record(0), DAY);
    seismograph.take({ ...quake, time: new Date(DAY / 1000).toISOString() }, DAY);
    assert.deepEqual(seismograph.marks.events[0]!.arrivals, {});
    const before = seismograph.marks.change;
    assert.equal(
      seismograph.take("#Network | Station | Latitude | Longitude\nXX|DEMO|50|10\nXX|BAD|abc|1\n"),
      "stations",
    );
    const { arrivals } = seismograph.marks.since(before).events[0]!;
    assert.ok(Math.abs(arrivals[ID]!.distance - 150.2) < 1, String(arrivals[ID]!.distance));
    assert.ok(arrivals[ID]!.p! > DAY + 1000e6 && arrivals[ID]!.s! > arrivals[ID]!.p!);
    assert.equal(seismograph.channels.get(ID)?.info.latitude, 50);
    // A channel, or an earthquake, that comes later knows it too.
    seismograph.take(record(0, 100, { sourceId: "FDSN:XX_DEMO_00_H_H_N" }), DAY);
    assert.equal(seismograph.channels.get("XX_DEMO_00_H_H_N")?.info.latitude, 50);
    seismograph.take({ ...quake, id: "us2", time: new Date(DAY / 1000).toISOString() }, DAY);
    assert.deepEqual(Object.keys(seismograph.marks.events.at(-1)!.arrivals), [ID, "XX_DEMO_00_H_H_N"]);
    assert.equal(stationPlaces("#EventID|Time"), undefined);
  });

  // Distance, depth, first P and S of iasp91 between the points of the table, by ObsPy's TauP.
  for (const [depth, distance, p, s] of CHECKS)
    it(`have their first waves at ${distance}° from ${depth} km within two seconds`, () => {
      assert.ok(Math.abs(travelTime("p", distance, depth) - p) < 2);
      assert.ok(Math.abs(travelTime("s", distance, depth) - s) < 2);
    });

  it("have the times of the table that TauP computed, of which no number was changed", () => {
    const times: string[] = [];
    for (const phase of ["p", "s"] as const) {
      for (const depth of [0, 10, 35, 70, 150, 300, 500, 700])
        for (let distance = 0; distance <= 180; distance += 2)
          times.push(travelTime(phase, distance, depth).toFixed(1));
    }
    const digest = createHash("sha256").update(times.join()).digest("hex");
    assert.equal(digest.slice(0, 16), "d98dd5b74965ce5a");
    // Between them on straight lines, and no deeper than the deepest.
    assert.ok(Math.abs(travelTime("p", 1, 5) - (0 + 35 + 1.7 + 33.8) / 4) < 1e-9);
    assert.equal(travelTime("s", 180, 6000), travelTime("s", 180, 700));
    assert.equal(travelTime("s", 90, -5), travelTime("s", 90, 0));
  });

  it("arrive nowhere where nobody knows where they were", () => {
    assert.equal(arrivalAt({ ...quake, latitude: null }, { latitude: 0, longitude: 0 }), undefined);
    assert.equal(arrivalAt({ ...quake, depth: 6371 }, { latitude: -20.5, longitude: -175.2 })?.distance, 0);
  });

  it("are triggers that end once, whatever comes late or twice", () => {
    const seismograph = new Seismograph({ hours: 1 });
    const trigger = (event: "on" | "off", seconds: number, sourceId = `FDSN:${ID}`) => ({
      ...{ event, id: `${sourceId} ${seconds}`, sourceId, ratio: 4 },
      ...{
        onTime: new Date(DAY / 1000 + seconds * 1000),
        offTime: new Date(DAY / 1000 + seconds * 1000 + 500),
      },
    });
    // One that began before its channel came lasts, too.
    seismograph.take(trigger("on", 0));
    seismograph.take(record(0), DAY);
    const isTriggered = () => seismograph.channels.get(ID)!.isTriggered;
    assert.equal(isTriggered(), true);
    seismograph.take(trigger("off", 0));
    assert.equal(isTriggered(), false);
    seismograph.take(trigger("on", 0));
    assert.equal(isTriggered(), false, "it had ended");
    seismograph.take(trigger("on", 5));
    seismograph.take(trigger("off", 0));
    assert.equal(isTriggered(), true, "the end was that of the one before");
    seismograph.take(trigger("off", 5));
    assert.equal(isTriggered(), false);
  });

  it("are the newest earthquakes of a long list, in whatever order it is, and told once", () => {
    const rows = Array.from({ length: 700 }, (_, i) => {
      const time = new Date(DAY / 1000 + i * 60_000).toISOString();
      return `e${i}|${time}|10|20|5|||||mb|4.5||Sea`;
    });
    const names =
      "#EventID|Time|Latitude|Longitude|Depth/km|Author|Catalog|Contributor|ContributorID|MagType|Magnitude|MagAuthor|EventLocationName";
    for (const list of [rows, rows.toReversed()]) {
      const seismograph = new Seismograph({ hours: 1 });
      seismograph.take([names, ...list].join("\n"));
      const ids = new Set(seismograph.marks.events.map(({ id }) => id));
      assert.equal(ids.size, 500);
      assert.ok(ids.has("e699") && ids.has("e200") && !ids.has("e199"));
      const newest = [names, ...rows.slice(-100)].join("\n");
      const before = seismograph.marks.change;
      seismograph.take(newest);
      assert.equal(seismograph.marks.change, before, "nothing is new");
      seismograph.take(newest.replace("|4.5||Sea", "|4.6||Sea"));
      assert.equal(seismograph.marks.since(before).events.length, 1);
    }
  });

  it("are all taken of a list, whatever one of them is, and the first that is not is told", () => {
    const seismograph = new Seismograph({ hours: 1 });
    const list = [record(0), record(1, 100, { sampleRate: -1 }), [record(1)], 7, record(2)];
    assert.throws(() => seismograph.take(list, DAY + 4e6), { code: "BAD_SAMPLE_RATE" });
    assert.equal(seismograph.channels.get(ID)!.newest, DAY + 2.99e6);
    const long = Array.from({ length: 1001 }, (_, i) => record(3 + i, 1));
    assert.throws(() => seismograph.take(long, DAY + 2000e6), { code: "TOO_MUCH" });
    assert.equal(seismograph.channels.get(ID)!.newest, DAY + 1002e6);
  });

  it("are records of miniSEED, of which one of an impossible time does not hold up the next", () => {
    const seismograph = new Seismograph({ hours: 1 });
    const bytes = (startTime: string, sampleRate = 100) => [
      ...packRecords(
        { sourceId: `FDSN:${ID}`, startTime, sampleRate, samples: wave(100) },
        { formatVersion: 3 },
      ),
    ];
    for (const bad of [
      bytes("1600-01-01T00:00:00Z"),
      bytes("2900-01-01T00:00:00Z"),
      bytes("2026-01-01T00:00:00Z", 1e-12),
    ]) {
      const all = Buffer.concat([...bad, ...bytes("2026-01-02T00:00:00Z")]);
      seismograph.clear();
      assert.throws(() => seismograph.takeBytes(all, { now: DAY + 4e6 }), { code: "BAD_TIME" });
      assert.equal(seismograph.channels.get(ID)!.newest, DAY + 0.99e6);
    }
    assert.equal(seismograph.takeBytes(Buffer.from("no miniSEED at all, whatever it says")), 0);
  });

  it("take no more memory than they may, when a stream becomes faster", () => {
    const seismograph = new Seismograph({ hours: 1, views: ["raw"], rawMinutes: 10, maxBytes: 3e6 });
    let at = 0;
    const take = (sampleRate: number, seconds: number, samples: ArrayLike<number>) => {
      const startTime = new Date(DAY / 1000 + at * 1000);
      at += seconds;
      seismograph.take({ sourceId: `FDSN:${ID}`, startTime, sampleRate, samples }, DAY + at * 1e6);
    };
    take(1, 100, wave(100));
    for (let i = 0; i < 300; i++) take(100, 1, wave(100, i * 100));
    const { raw } = seismograph.channels.get(ID)!;
    assert.ok(raw.begin <= DAY + 100e6, "there is room for that");
    for (let i = 0; i < 300; i++)
      take(
        20_000,
        1,
        new Int32Array(20_000).map((_, k) => k * 100_000),
      );
    assert.ok(seismograph.bytes <= 3e6 + 200_000, String(seismograph.bytes));
    assert.ok(raw.begin > DAY + 300e6);
    assert.equal(seismograph.refused, 0);
  });

  it("never throw anything but a sentence, whatever they are", () => {
    const seismograph = new Seismograph({ hours: 1, maxChannels: 5 });
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withNullPrototype: true,
      withTypedArray: true,
      maxDepth: 4,
    });
    const record = fc.record(
      {
        ...{ sourceId: fc.oneof(value, fc.constantFrom(ID, "__proto__", "constructor", "")) },
        ...{
          startTime: fc.oneof(value, fc.constant("2026-01-02T00:00:00Z"), fc.integer()),
          sampleRate: fc.oneof(value, fc.double()),
        },
        ...{
          samples: fc.oneof(value, fc.array(fc.double()), fc.int32Array()),
          units: value,
          trigger: value,
          latitude: value,
        },
        ...{
          event: fc.constantFrom("on", "off", "x"),
          onTime: value,
          offTime: value,
          id: value,
          time: value,
          magnitude: value,
        },
        ...{
          features: fc.oneof(value, fc.array(value)),
          data: value,
          type: fc.constantFrom("Feature", "FeatureCollection"),
          properties: value,
        },
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(value, record, fc.array(record, { maxLength: 3 })), (payload) => {
        try {
          seismograph.take(payload);
        } catch (error) {
          assert.ok(error instanceof CodedError, String((error as Error).stack));
        }
        assert.ok(seismograph.channels.size <= 5);
      }),
      { numRuns: 2000 },
    );
  });
});

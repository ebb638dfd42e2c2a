// lib/seismograph/raster/thread: pictures drawn in another thread are the same to the byte, one after the other, and what fails is told.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { MAX_PICTURES } from "../../../lib/limits.ts";
import { spectrogramOf } from "../../../lib/seismograph/drawing/spectrogram/power.ts";
import { drumView, liveView } from "../../../lib/seismograph/picture-views.ts";
import { helicorderImage, liveImage } from "../../../lib/seismograph/raster/image.ts";
import { drumJob, liveJob, type PictureJob } from "../../../lib/seismograph/raster/thread/job.ts";
import { PictureThread } from "../../../lib/seismograph/raster/thread/picture-thread.ts";
import { Seismograph } from "../../../lib/seismograph/seismograph.ts";
import { DAY, ID, record } from "../helpers.ts";

const clock = (seconds: number) => DAY + seconds * 1e6 + 1.5e6;
const HHN = ID.replace(/Z$/, "N");
const SMALL = { width: 320, height: 200, title: "x" };

/** Two channels with gaps; the second, of another rate, ends before the first. */
function filled(): Seismograph {
  const seismograph = new Seismograph({ views: ["raw", "1-20"], hours: 3 });
  for (let at = 0; at < 7000; at++) {
    if (at % 1000 < 950) seismograph.take(record(at), clock(at));
    if (at < 6950 && at % 500 > 20)
      seismograph.take(record(at, 40, { sourceId: `FDSN:${HHN}`, sampleRate: 40 }), clock(at));
  }
  const trigger = { sourceId: `FDSN:${ID}`, onTime: new Date(DAY / 1000 + 6900_000), ratio: 5 };
  seismograph.take({ event: "on", ...trigger });
  return seismograph;
}

describe("the thread that draws pictures", () => {
  let thread: PictureThread;
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "thread-"));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    while (thread.isRunning) await nextTurn();
  });

  function start(options: ConstructorParameters<typeof PictureThread>[0] = {}): PictureThread {
    thread = new PictureThread({ idle: 1, ...options });
    return thread;
  }

  async function script(text: string): Promise<string> {
    const file = path.join(folder, `${text.length}.cjs`);
    await writeFile(file, `const { parentPort } = require("node:worker_threads");\n${text}`);
    return file;
  }

  const drum = (seismograph: Seismograph): PictureJob => {
    const look = { view: 0, theme: "light", hours: 3, lineMinutes: 15, baseline: "line" } as const;
    return drumJob(drumView(seismograph, seismograph.channels.get(ID)!, look), SMALL);
  };

  for (const view of [0, 1])
    for (const lineMinutes of [5, 30, 120])
      it(`draws the same drum: view ${view}, lines of ${lineMinutes} min`, async () => {
        const seismograph = filled();
        for (const baseline of ["line", "column"] as const) {
          const look = { view, theme: "dark", hours: 2, lineMinutes, baseline } as const;
          const picture = drumView(seismograph, seismograph.channels.get(ID)!, look);
          const options = { width: 700, height: 300, title: "x", pixelRatio: 2 };
          const here = helicorderImage(picture, options);
          assert.deepEqual(await start().draw(() => drumJob(picture, options)), here);
        }
      });

  for (const seconds of [10, 300, 3600])
    for (const spectrograms of [false, true])
      it(`draws the same traces: ${seconds} s${spectrograms ? ", with spectrograms" : ""}`, async () => {
        const seismograph = filled();
        const channels = [...seismograph.channels.values()];
        for (const width of [200, 700]) {
          const options = { width, height: 300, title: "x", mode: "all" } as const;
          const look = { view: 1, seconds, spectrograms, theme: "light" } as const;
          const { rows, ...picture } = liveView(seismograph, channels, look);
          const { end } = picture;
          const drawn = rows.map(({ segments, ...row }) => ({
            ...row,
            spectrogram: spectrogramOf(segments, { start: end - seconds * 1e6, end, columns: 400 }),
          }));
          const here = liveImage({ ...picture, rows: drawn }, options);
          assert.deepEqual(await start().draw(() => liveJob({ ...picture, rows }, options)), here);
        }
      });

  it("draws what there is when its turn comes, and nothing where nothing has come", async () => {
    const seismograph = new Seismograph({ hours: 3 });
    seismograph.take(record(0), DAY - 86_400e6);
    start();
    const empty = await thread.draw(() => drum(seismograph));
    const turns: number[] = [];
    const drawn = [1, 2, 3].map((turn) =>
      thread.draw(() => {
        turns.push(turn);
        return drum(seismograph);
      }),
    );
    seismograph.take(record(0), clock(0));
    const [one, two] = await Promise.all(drawn);
    assert.deepEqual(turns, [1, 2, 3]);
    assert.deepEqual(one, two);
    assert.notDeepEqual(one!.png, empty.png);
  });

  it("is there while it is wanted, and comes again", async () => {
    const seismograph = filled();
    start();
    for (let times = 0; times < 2; times++) {
      assert.equal(thread.isRunning, false);
      await thread.draw(() => drum(seismograph));
      while (thread.isRunning) await nextTurn();
    }
  });

  it("tells what has failed, and goes on with the next picture", async () => {
    const seismograph = filled();
    for (const [text, message] of [
      ['parentPort.on("message", () => { throw new Error("no ink"); });', /no ink$/],
      ['parentPort.on("message", () => process.exit(3));', /ended with code 3\.$/],
      ['throw new Error("no paper");', /no paper$/],
      ['parentPort.on("message", () => { for (;;); });', /was not done after 0\.05 s\.$/],
    ] as const) {
      start({ script: await script(text), longest: text.includes("for") ? 50 : 60_000 });
      const failed = [thread.draw(() => drum(seismograph)), thread.draw(() => drum(seismograph))];
      for (const one of failed) await assert.rejects(one, { code: "NOT_DRAWN", message });
      assert.equal(thread.isRunning, false);
    }
    start();
    const failed = thread.draw(() => {
      throw new RangeError("of the one who asks");
    });
    const next = thread.draw(() => drum(seismograph));
    await assert.rejects(failed, RangeError);
    assert.equal((await next).width, 320);
  });

  it("has not any number of pictures wait", async () => {
    const seismograph = new Seismograph({ hours: 1 });
    seismograph.take(record(0), clock(0));
    start({
      script: await script(
        'parentPort.on("message", () => parentPort.postMessage({ bytes: new Uint8Array(1), width: 1, height: 1 }));',
      ),
    });
    const drawn = Array.from({ length: MAX_PICTURES }, () => thread.draw(() => drum(seismograph)));
    await assert.rejects(
      thread.draw(() => drum(seismograph)),
      { code: "NOT_DRAWN", message: /ask for fewer/ },
    );
    await Promise.all(drawn);
    await thread.draw(() => drum(seismograph));
  });
});

// What the pages cost the viewer's computer: twelve channels with a day behind them, in processor time, which other work does not change
// much. The bounds are several times what is measured on a machine that has nothing else to do.
import assert from "node:assert/strict";
import { needsChromium } from "../../support/editor/browser.ts";
import { SeismoSite } from "../../support/page/seismo-site.ts";
import { SeismoView } from "../../support/page/seismo-view.ts";

const STATIONS = ["A", "B", "C", "D"];
const IDS = STATIONS.flatMap((station) => ["Z", "N", "E"].map((part) => `XX_${station}_00_H_H_${part}`));

/** Bins, and with them what a page has to read and to draw, are as many whatever the sample rate. */
const SAMPLE_RATE = 5;

describe("what the seismograph's pages cost", () => {
  let site: SeismoSite;

  before(async function () {
    needsChromium(this);
    site = await SeismoSite.open({
      ids: IDS,
      sampleRate: SAMPLE_RATE,
      views: ["raw", "0.5-2"],
      quakes: [100, 9 * 3600],
    });
  });

  after(() => site?.[Symbol.asyncDispose]());

  const pages = { live: () => site.url, drum: () => site.drum() };
  for (const [kind, address] of Object.entries(pages)) {
    it(`${kind}: the first picture, and each that follows`, async () => {
      await using view = await SeismoView.open(address());
      const devtools = await view.page.context().newCDPSession(view.page);
      await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
      const spent = async (): Promise<number> => {
        const { metrics } = await devtools.send("Performance.getMetrics");
        return metrics.find(({ name }) => name === "TaskDuration")!.value * 1000;
      };
      const begun = await spent();
      await view.page.reload({ waitUntil: "commit" });
      await view.drawn();
      const first = (await spent()) - begun;
      assert.ok(first < 2500, `the first picture took ${first} ms of processor time`);

      const [before, pictures] = [await spent(), await view.pictures()];
      let last = pictures;
      for (let i = 0; i < 10; i++) {
        site.push(4, i);
        await view.pictureAfter(last);
        last = await view.pictures();
      }
      const each = ((await spent()) - before) / (last - pictures);
      assert.ok(each < 400, `a picture took ${each} ms of processor time`);
      assert.deepEqual(view.errors, []);
    });
  }
});

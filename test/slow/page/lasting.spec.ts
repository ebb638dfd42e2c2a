// A page that is open for long: it finds back by itself when the network, the server or the seismograph was gone, on a wall too.
import assert from "node:assert/strict";
import { needsChromium } from "../../support/editor/browser.ts";
import { SeismoSite } from "../../support/page/seismo-site.ts";
import { SeismoView } from "../../support/page/seismo-view.ts";

describe("a page of the seismograph that stays open", () => {
  let site: SeismoSite;

  before(async function () {
    needsChromium(this);
    site = await SeismoSite.open({ hours: 1, past: 1, quakes: [100] });
  });

  after(() => site?.[Symbol.asyncDispose]());

  /** Opens a page that remembers that it was not loaded again. */
  async function openMarked(url: string): Promise<SeismoView> {
    const view = await SeismoView.open(url);
    await view.page.evaluate(() => Object.assign(window, { isFirst: true }));
    return view;
  }

  async function assertSamePage(view: SeismoView): Promise<void> {
    assert.equal(await view.page.evaluate(() => (window as { isFirst?: boolean }).isFirst), true);
    assert.deepEqual(view.errors, []);
  }

  /** Waits for the page to tell of the loss, and keeps its picture meanwhile. */
  async function lost(view: SeismoView): Promise<void> {
    await view.page.locator(".state.late").filter({ hasText: "no connection" }).waitFor();
    assert.ok((await view.colorsBelow(0, view.canvas)) > 3);
  }

  async function found(view: SeismoView): Promise<void> {
    await view.page.locator(".state").filter({ hasNotText: "no connection" }).waitFor();
    await view.page
      .locator(".aloud[role=status]")
      .filter({ hasText: "restored" })
      .waitFor({ state: "attached" });
    const before = await view.pictures();
    site.push(20);
    await view.pictureAfter(before);
  }

  for (const [kind, address] of Object.entries({ live: () => site.url, drum: () => site.drum() })) {
    it(`${kind}: survives a cut connection`, async () => {
      await using view = await openMarked(address());
      site.cut();
      await found(view);
      await assertSamePage(view);
    });

    it(`${kind}: survives that the server is gone for a while`, async () => {
      await using view = await openMarked(address());
      await site.stop();
      await lost(view);
      await site.start();
      await found(view);
      await assertSamePage(view);
    });
  }

  it("survives a seismograph that begins anew, and shows what it has then", async () => {
    await using view = await openMarked(site.drum());
    const told = view.page.locator(".aloud[role=status]").filter({ hasText: "restored" });
    site.renew();
    await told.waitFor({ state: "attached" });
    await found(view);
    await assertSamePage(view);
  });

  it("survives the loss of the network, and does not wait once it is back", async () => {
    await using view = await openMarked(site.url);
    const context = view.page.context();
    await context.setOffline(true);
    site.cut();
    await lost(view);
    await context.setOffline(false);
    await found(view);
    await assertSamePage(view);
  });

  it("shows on a wall a large clock and no controls, and finds back there too", async () => {
    await using view = await openMarked(`${site.url}?wall`);
    assert.equal(await view.page.isVisible("header .controls"), false);
    const clock = await view.page
      .locator(".clock b")
      .evaluate((node) => Number.parseFloat(getComputedStyle(node).fontSize));
    assert.ok(clock >= 40);
    assert.equal(
      await view.page.evaluate(() => getComputedStyle(document.querySelector("canvas")!).cursor),
      "none",
    );
    await site.stop();
    await lost(view);
    await site.start();
    await found(view);
    await assertSamePage(view);
  });

  it("keeps the memory that it has, whatever comes", async () => {
    await using view = await openMarked(site.url);
    const devtools = await view.page.context().newCDPSession(view.page);
    const usedNow = async (): Promise<number> => {
      await devtools.send("HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize } = (await devtools.send("Runtime.getHeapUsage")) as unknown as {
        usedSize: number;
        backingStorageSize: number;
      };
      return usedSize + backingStorageSize;
    };
    /** The least of some: what is just being worked on is not kept. */
    const used = async () => Math.min(await usedNow(), await usedNow(), await usedNow());
    /** Ten minutes of ground: twice what is shown, in pieces that each make a picture. */
    const pour = async () => {
      for (let i = 0; i < 12; i++) {
        const before = await view.pictures();
        site.push(50, i);
        await view.pictureAfter(before);
      }
    };
    await pour();
    const first = await used();
    await pour();
    await pour();
    const then = await used();
    assert.ok(then < first + 1_000_000, `${first} bytes have become ${then}`);
    await assertSamePage(view);
  });
});

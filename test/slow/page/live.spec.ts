// The live page in a browser: rows, menus, holding, the way to a drum; by keyboard alone; what screen readers are told.
import assert from "node:assert/strict";
import { PALETTES } from "../../../lib/seismograph/drawing/index.ts";
import { needsChromium } from "../../support/editor/browser.ts";
import { SeismoSite } from "../../support/page/seismo-site.ts";
import { SeismoView } from "../../support/page/seismo-view.ts";

const { dark } = PALETTES;

describe("the live page", () => {
  let site: SeismoSite;
  let view: SeismoView;

  before(async function () {
    needsChromium(this);
    site = await SeismoSite.open({ hours: 1, past: 1, quakes: [100] });
    view = await SeismoView.open(site.url);
  });

  after(async () => {
    await view?.close();
    await site?.[Symbol.asyncDispose]();
  });

  beforeEach(() => view.goto(site.url));

  afterEach(() => assert.deepEqual(view.errors, []));

  it("draws a row for each channel, and leads to its drum with a click", async () => {
    const label = await view.canvas.getAttribute("aria-label");
    assert.equal(label, "Seismograms of 3 channels");
    assert.ok((await view.countOf([dark.trace]))[0]! > 3000);
    const box = (await view.canvas.boundingBox())!;
    await view.page.mouse.click(box.x + 600, box.y + box.height * 0.85);
    await view.page.waitForURL(/heli\/XX_DEMO_00_H_H_N$/);
    await view.drawn();
    await view.page.click("text=Live");
    await view.page.waitForURL(site.url);
    await view.drawn();
  });

  it("takes the filter along to the drum and back", async () => {
    await view.page.selectOption(".filter", "0.7-2");
    await view.drawn("0.7-2");
    await view.page.click("summary");
    await view.page.click(".channels a >> nth=0");
    await view.page.waitForURL(/heli.*#view=0.7-2/);
    await view.drawn("0.7-2");
    await view.page.click("text=Live");
    await view.page.waitForURL(/seismo\/#view=0.7-2/);
    await view.drawn("0.7-2");
  });

  it("holds the picture, counts what comes meanwhile, and goes on", async () => {
    const pause = view.page.locator("button[aria-label='Hold the picture']");
    await pause.click();
    const goOn = view.page.locator("button[aria-label='Go on']");
    await goOn.waitFor();
    await view.keepPicture();
    site.push(7);
    await goOn.filter({ hasText: "7 s" }).waitFor();
    assert.deepEqual(await view.changedSince([[0, 700]]), [0]);
    await goOn.click();
    await pause.waitFor();
    const before = await view.pictures();
    await view.pictureAfter(before - 1);
    await view.page.waitForFunction(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(".picture canvas")!;
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, 700);
      const { kept } = window as unknown as { kept: Uint32Array };
      return new Uint32Array(data.buffer).some((pixel, i) => pixel !== kept[i]);
    });
  });

  it("shows a spectrogram under each row on a switch", async () => {
    const lower = () => view.colorsBelow(0.5, view.canvas);
    const before = await lower();
    await view.page.click("button >> text=Spectrogram");
    await view.page.waitForFunction((before) => {
      const canvas = document.querySelector<HTMLCanvasElement>(".picture canvas")!;
      const { data } = canvas
        .getContext("2d")!
        .getImageData(0, canvas.height / 2, canvas.width, canvas.height / 2);
      return new Set(new Uint32Array(data.buffer)).size > 10 * before;
    }, before);
    assert.equal((await view.addressHas(/spectrogram/)).get("spectrogram"), "1");
  });

  it("shows the channels that are chosen, and says how many", async () => {
    await view.page.click("summary");
    await view.page.uncheck(".channels input >> nth=0");
    await view.page.waitForSelector("text=2 of 3 channels");
    assert.deepEqual(
      (await view.addressHas(/channels=/)).get("channels"),
      "XX_DEMO_00_H_H_Z,XX_DEMO_00_H_H_N",
    );
    await view.page.waitForSelector('canvas[aria-label="Seismograms of 2 channels"]');
  });

  it("is used by the keyboard alone: from the address line to a drum, its zoom and back", async () => {
    const { keyboard } = view.page;
    const focused = () =>
      view.page.evaluate(
        () => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "",
      );
    const reached: string[] = [];
    for (let i = 0; i < 20 && !reached.at(-1)?.startsWith("CO.JSC"); i++) {
      await keyboard.press("Tab");
      reached.push(await focused());
    }
    for (const label of ["Filter", "Time shown", "Scale", "Spectrogram", "Hold the picture", "More"])
      assert.ok(reached.includes(label), `${label} is reached: ${reached.join(", ")}`);
    assert.equal(await view.page.isVisible(".table"), true);
    await keyboard.press("Enter");
    await view.page.waitForURL(/heli\/CO_JSC/);
    await view.drawn();
    for (let i = 0; i < 20 && !(await focused()).startsWith("Seismogram of"); i++)
      await keyboard.press("Tab");
    await keyboard.press("Enter");
    await view.zoomed();
    assert.match(await focused(), /^Zoom CO\.JSC/);
    await keyboard.press("Escape");
    await view.page.waitForSelector(".zoom", { state: "hidden" });
  });

  it("tells screen readers of channels, latency and triggers as text", async () => {
    const cells = () => view.page.locator(".table tr").allTextContents();
    await view.page.waitForFunction(() => document.querySelectorAll(".table tbody tr").length === 3);
    assert.match((await cells()).join("\n"), /^StreamLatencyTrigger\nCO\.JSC\.00\.HHZ.*none\n/);
    const said = view.page.locator(".aloud[role=status]");
    site.trigger("CO_JSC_00_H_H_Z", site.end - 5e6);
    await said
      .filter({ hasText: /^CO\.JSC\.00\.HHZ: trigger at \d\d:\d\d:\d\d$/ })
      .waitFor({ state: "attached" });
    await view.page
      .locator(".table td")
      .filter({ hasText: /^since \d\d:\d\d:\d\d, ratio 12\.4$/ })
      .waitFor({ state: "attached" });
  });

  it("has rows of equal scale, of a scale that is held, and larger ones", async () => {
    await view.page.selectOption("select[title=Scale]", "all");
    assert.equal((await view.addressHas(/scale/)).get("scale"), "all");
    await view.page.selectOption("select[title=Scale]", "fixed");
    assert.ok(Number((await view.addressHas(/fixed/)).get("fixed")) > 0);
    await view.keepPicture();
    await view.page.keyboard.press("Escape");
    await view.canvas.focus();
    await view.changeAddress(() => view.page.keyboard.press("+"));
    assert.ok((await view.changedSince([[0, 700]]))[0]! > 1000);
  });
});

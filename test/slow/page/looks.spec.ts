// How the pages look: no rule of accessibility broken in either theme, nothing wider than a phone, every language fits, paper is light.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { needsChromium } from "../../support/editor/browser.ts";
import { SeismoSite } from "../../support/page/seismo-site.ts";
import { SeismoView } from "../../support/page/seismo-view.ts";

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** In the page, behind `AXE`. */
declare const axe: {
  run(
    context: Document,
    options: object,
  ): Promise<{ passes: object[]; violations: { id: string; nodes: { html: string }[] }[] }>;
};

const PHONE = { width: 390, height: 844 };

describe("the looks of the seismograph's pages", () => {
  let site: SeismoSite;
  let view: SeismoView;

  before(async function () {
    needsChromium(this);
    site = await SeismoSite.open({ hours: 2, past: 2, quakes: [100] });
    site.trigger(site.options.ids[0]!, site.shocks[0]!);
    view = await SeismoView.open(site.url, { bypassCSP: true });
  });

  after(async () => {
    await view?.close();
    await site?.[Symbol.asyncDispose]();
  });

  afterEach(() => assert.deepEqual(view.errors, []));

  /** Every state of the pages that looks another way. */
  const STATES: Record<string, () => Promise<void>> = {
    "the live page": () => view.goto(site.url),
    "the live page with its sheet": async () => {
      await view.goto(site.url);
      await view.page.click("summary");
    },
    "the table": async () => {
      await view.goto(site.url);
      await view.page.waitForSelector(".table a", { state: "attached" });
      await view.page.focus(".table a");
    },
    "the drum": () => view.goto(site.drum()),
    "the drum with its sheet": async () => {
      await view.goto(site.drum());
      await view.page.click("summary");
    },
    "the zoom": async () => {
      await view.goto(site.drum());
      await view.canvas.focus();
      await view.page.keyboard.press("Enter");
      await view.zoomed();
    },
    "a channel that is not there": async () => {
      await view.page.goto(site.drum("XX_NONE_00_H_H_Z"));
      await view.page.waitForSelector(".message:not([hidden])");
    },
    "the wall": () => view.goto(`${site.url}?wall`),
  };

  for (const colorScheme of ["light", "dark"] as const) {
    it(`break no rule of accessibility: ${colorScheme}`, async () => {
      await view.page.setViewportSize({ width: 1280, height: 860 });
      await view.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const [name, show] of Object.entries(STATES)) {
        await show();
        await view.page.evaluate(AXE);
        const { passes, violations } = await view.page.evaluate(() => axe.run(document, {}));
        assert.ok(passes.length > 15, name);
        assert.deepEqual(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`),
          [],
          name,
        );
        assert.equal(await view.page.getAttribute("html", "data-theme"), colorScheme, name);
      }
    });
  }

  it("are not wider than a phone", async () => {
    await view.page.setViewportSize(PHONE);
    for (const [name, show] of Object.entries(STATES)) {
      await show();
      const widths = await view.page.evaluate(() =>
        [
          document.documentElement,
          document.body,
          ...document.querySelectorAll("header, main, .picture, .zoom"),
        ]
          .filter((node) => node.checkVisibility())
          .map((node) => [node.className || node.tagName, node.scrollWidth]),
      );
      for (const [node, width] of widths)
        assert.ok(Number(width) <= PHONE.width, `${name}: ${node} is ${width} wide`);
    }
  });

  it("speak six languages, each of which fits", async () => {
    await view.page.setViewportSize({ width: 1280, height: 860 });
    for (const lang of ["en", "de", "es", "fr", "ja", "zh-CN"]) {
      for (const address of [site.url, site.drum()]) {
        await view.goto(`${address}?lang=${lang}`);
        assert.equal(await view.page.getAttribute("html", "lang"), lang);
        const { bar, texts } = await view.page.evaluate(() => ({
          bar: document.querySelector("header")!.offsetHeight,
          texts: document.body.textContent!,
        }));
        assert.ok(bar <= 80, `${lang}: the bar of ${address} is ${bar} high`);
        assert.doesNotMatch(texts, /\{\w+\}|undefined|NaN/, lang);
      }
    }
  });

  it("go to another language with the menu, and stay where they are", async () => {
    await view.goto(`${site.drum()}#line=15`);
    await view.page.click("summary");
    await view.page.selectOption("select[title=Language]", "de");
    await view.page.waitForSelector("text=‹ Live");
    await view.page.waitForSelector("select[title='Länge einer Zeile']");
    assert.equal(await view.page.inputValue("select[title='Länge einer Zeile']"), "15");
    assert.equal((await view.address()).get("lang"), "de");
  });

  it("change between light and dark with the button, and are light on paper", async () => {
    await view.page.emulateMedia({ colorScheme: "dark" });
    await view.goto(site.url);
    await view.page.click("button[title=Light]");
    await view.page.waitForSelector("html[data-theme=light]");
    assert.equal((await view.addressHas(/theme/)).get("theme"), "light");
    await view.page.click("button[title=Dark]");
    await view.page.waitForSelector("html[data-theme=dark]");
    await view.page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    const corner = () =>
      view.canvas.evaluate((node) => [
        ...(node as HTMLCanvasElement).getContext("2d")!.getImageData(1, 1, 1, 1).data,
      ]);
    assert.deepEqual((await corner()).slice(0, 3), [0xfb, 0xfb, 0xf9]);
    await view.page.evaluate(() => dispatchEvent(new Event("afterprint")));
    assert.deepEqual((await corner()).slice(0, 3), [0x15, 0x18, 0x1d]);
  });

  it("say something without JavaScript, too", async () => {
    const context = await view.page.context().browser()!.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(site.drum());
    await page.click("noscript a");
    await page.waitForURL(`${site.url}text`);
    assert.match(await page.textContent("body").then(String), /XX.DEMO.00/);
    await context.close();
  });

  it("have no script and no style in their markup", async () => {
    const html = await fetch(site.url).then((response) => response.text());
    assert.doesNotMatch(html, /style=|<style|\son\w+=|<script(?![^>]* src=)/);
  });
});

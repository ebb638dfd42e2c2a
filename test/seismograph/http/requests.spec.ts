// Requests of every kind, most of them hostile: each has an answer with a sentence, and the page goes on.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { IncomingMessage, request, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { mock } from "node:test";
import fc from "fast-check";
import { MAX_PAGE_PICTURES } from "../../../lib/limits.ts";
import { readRecords } from "../../../lib/mseed/index.ts";
import { packRecords } from "../../../lib/mseed/pack.ts";
import { FrameReader } from "../../../lib/seismograph/frame-reader.ts";
import { wavFile } from "../../../lib/seismograph/http/wav.ts";
import { Seismograph } from "../../../lib/seismograph/seismograph.ts";
import { DAY, ID, record, type Served, serve, wave } from "../helpers.ts";

const clock = (at: number) => DAY + at * 1e6 + 1.5e6;

/** A request with any target, which fetch would make a proper one. */
function ask(url: string, target: string, method = "GET", headers: Record<string, string> = {}) {
  const { port } = new URL(url);
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>(
    (resolve, reject) => {
      const sent = request({ port, host: "127.0.0.1", path: target, method, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("end", () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces) }),
        );
      });
      sent.on("error", reject);
      sent.end();
    },
  );
}

describe("requests to a seismograph's page", () => {
  let folder: string;
  let seismograph: Seismograph;
  let served: Served;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "page-"));
    await writeFile(path.join(folder, "index.html"), '<!doctype html><base href="./"><title>page</title>');
    await writeFile(path.join(folder, "page.js"), "1;");
    await writeFile(path.join(folder, "page.css"), "a{}");
    // An hour ago there was another, of which only the archive knows.
    const old = packRecords(
      { sourceId: `FDSN:${ID}`, startTime: DAY - 3600e6, sampleRate: 100, samples: wave(6000) },
      { formatVersion: 2 },
    );
    await writeFile(path.join(folder, "old.mseed"), Buffer.concat([...old]));
    seismograph = new Seismograph({
      views: ["raw", "1-20"],
      rawMinutes: 10,
      title: "<b>Südpol & Söhne</b>",
      archive: folder,
    });
    for (let at = 0; at < 120; at++) seismograph.take(record(at), clock(at));
    served = await serve(seismograph, { files: folder });
  });

  after(async () => {
    await served.close();
    await rm(folder, { recursive: true });
  });

  afterEach(() => assert.deepEqual(served.problems.splice(0), []));

  const at = (seconds: number) => new Date(DAY / 1000 + seconds * 1000).toISOString();
  const data = (query: string) => ask(served.url, `/data?id=${ID}&${query}`);

  it("get the page, at its own address and at that of each drum, and its files", async () => {
    const page = await ask(served.url, "/?wall&lang=de");
    assert.equal(page.status, 200);
    assert.match(page.body.toString(), /<base href="\.\/">/);
    const drum = await ask(served.url, `/heli/${ID}`);
    assert.match(drum.body.toString(), /<base href="\.\.\/">/);
    for (const name of ["X%2FY", "%C3%A4", "FDSN:X_Y"])
      assert.equal((await ask(served.url, `/heli/${name}`)).status, name === "X%2FY" ? 404 : 200);
    const script = await ask(served.url, "/page.js");
    assert.equal(script.headers["content-type"], "text/javascript; charset=utf-8");
    const again = await ask(served.url, "/page.js", "GET", { "if-none-match": String(script.headers.etag) });
    assert.equal(again.status, 304);
    assert.equal((await ask(served.url, "/", "HEAD")).body.length, 0);
    for (const { headers } of [page, drum, script, await ask(served.url, "/nothing")]) {
      assert.match(String(headers["content-security-policy"]), /^default-src 'none'; script-src 'self'; /);
      assert.doesNotMatch(String(headers["content-security-policy"]), /unsafe|\*/);
      assert.equal(headers["x-content-type-options"], "nosniff");
    }
  });

  it("get samples out of memory, as frames that belong together", async () => {
    const { status, body } = await data(`from=${at(10)}&to=${DAY + 20e6}`);
    assert.equal(status, 200);
    const [frame, ...more] = new FrameReader().push(body);
    assert.deepEqual(
      [frame, more],
      [{ type: "samples", channel: 0, start: DAY + 10e6, sampleRate: 100, samples: wave(1000, 1000) }, []],
    );
  });

  it("get miniSEED that says the same, from memory and from the archive", async () => {
    for (const [from, version] of [
      [10, "2"],
      [10, "3"],
      [-3590, "2"],
    ] as const) {
      const { headers, body } = await data(
        `from=${at(from)}&to=${at(from + 20)}&format=mseed${from > 0 ? `&version=${version}` : ""}`,
      );
      assert.match(
        String(headers["content-disposition"]),
        new RegExp(`^attachment; filename="${ID}_2026-01-0[12]T[\\d-]+\\.mseed"$`),
      );
      const records = [...readRecords(body)];
      assert.ok(
        records.every((one) => one.sourceId.text === `FDSN:${ID}` && one.formatVersion === Number(version)),
      );
      const samples = records.flatMap((one) => [...(one.samples as Int32Array)]);
      if (from > 0) assert.deepEqual(samples, [...wave(2000, from * 100)]);
      // The archive's records are whole: from one that begins before to one that ends behind.
      else {
        const first = Math.round((Number(records[0]!.startTime / 1000n) - (DAY - 3600e6)) / 10_000);
        assert.ok(first <= 1000 && first + samples.length >= 3000);
        assert.deepEqual(samples, [...wave(samples.length, first)]);
      }
    }
  });

  it("get sound, and samples of the archive cut to the time", async () => {
    const { headers, body } = await data(`from=${at(-3600)}&to=${at(-3590)}&format=wav&speed=60`);
    assert.equal(headers["content-type"], "audio/wav");
    assert.equal(body.toString("latin1", 0, 4) + body.toString("latin1", 8, 16), "RIFFWAVEfmt ");
    assert.equal(body.readUInt32LE(24), 6000);
    assert.equal(body.length, 44 + 2 * 1000);
    const levels = new Int16Array(body.buffer.slice(body.byteOffset + 44, body.byteOffset + body.length));
    assert.equal(Math.max(...levels.map(Math.abs)), Math.round(0.9 * 32_767));
    const zoom = await data(`from=${at(-3595)}&to=${at(-3594)}`);
    const [frame] = new FrameReader().push(zoom.body);
    assert.deepEqual(frame?.type === "samples" && [...frame.samples], [...wave(100, 500)]);
  });

  it("are told where there is nothing, and why", async () => {
    for (const [target, status, code] of [
      [`/data?id=NO_ONE&from=${at(0)}&to=${at(1)}`, 404, "NOT_FOUND"],
      [`/data?id=${ID}&from=${at(-7200)}&to=${at(-7100)}`, 404, "NOT_FOUND"],
      [`/data?id=${ID}&from=${at(1)}&to=${at(0)}`, 400, "BAD_REQUEST"],
      [`/data?id=${ID}&from=${at(0)}&to=${at(86_400 * 30)}`, 400, "TOO_MUCH"],
      [`/data?id=${ID}&from=2026-13-01&to=${at(0)}`, 400, "BAD_REQUEST"],
      [`/data?id=${ID}&from=1e18&to=${at(0)}`, 400, "BAD_REQUEST"],
      [`/data?id=${ID}&id=${ID}&from=${at(0)}&to=${at(1)}`, 400, "BAD_REQUEST"],
      [`/data?id=${ID}&from=${at(0)}&to=${at(1)}&format=exe`, 400, "BAD_REQUEST"],
      [`/data?id=${ID}&from=${at(0)}&to=${at(1)}&format=wav&speed=-1`, 400, "BAD_REQUEST"],
      ["/stream?page=both", 400, "BAD_REQUEST"],
      ["/stream?view=2-3", 400, "BAD_REQUEST"],
      ["/stream?view=__proto__", 400, "BAD_REQUEST"],
      ["/stream?span=1e9", 400, "BAD_REQUEST"],
      ["/stream?span=NaN", 400, "BAD_REQUEST"],
      ["/stream?page=heli&samples=1", 400, "BAD_REQUEST"],
      [`/stream?channels=${"A,".repeat(300)}`, 400, "BAD_REQUEST"],
      ["/text?format=pdf", 400, "BAD_REQUEST"],
      ["/page.js/../../../package.json", 404, "NOT_FOUND"],
      ["/..%2f..%2fpackage.json", 404, "NOT_FOUND"],
      ["/heli/../../etc/passwd", 404, "NOT_FOUND"],
      ["/%00", 400, "BAD_REQUEST"],
      ["/%ff", 400, "BAD_REQUEST"],
      ["/%", 400, "BAD_REQUEST"],
      ["//evil.example/", 400, "BAD_REQUEST"],
      ["http://[", 400, "BAD_REQUEST"],
      [`/text?${"a=b&".repeat(3000)}`, 400, "BAD_REQUEST"],
      ["/constructor", 404, "NOT_FOUND"],
    ] as const) {
      const { status: got, headers, body } = await ask(served.url, target);
      const answer = JSON.parse(body.toString()) as { error: string; code: string };
      assert.deepEqual([got, answer.code], [status, code], target.slice(0, 80));
      assert.match(answer.error, /^[A-Za-z].{10,300}\.$/, target.slice(0, 80));
      assert.equal(headers["content-type"], "application/json; charset=utf-8");
    }
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      assert.equal((await ask(served.url, "/", method)).status, 405);
    }
  });

  it("get pictures of the traces and of a drum, light and dark", async () => {
    const size = ({ body }: { body: Buffer }) => [body.readUInt32BE(16), body.readUInt32BE(20)];
    for (const target of ["/live.png", `/heli/${ID}.png`]) {
      const light = await ask(served.url, `${target}?width=640&height=480&view=1-20`);
      const dark = await ask(served.url, `${target}?width=640&height=480&view=1-20&theme=dark&ratio=2`);
      assert.equal(light.headers["content-type"], "image/png");
      assert.equal(light.body.toString("latin1", 1, 4), "PNG");
      assert.equal(size(light)[0], 640);
      assert.equal(size(dark)[0], 1280);
      assert.equal((await ask(served.url, `${target}?theme=pink`)).status, 400);
      assert.equal((await ask(served.url, `${target}?width=4000&height=4000&ratio=3`)).status, 400);
    }
    assert.equal((await ask(served.url, "/heli/NO_ONE.png")).status, 404);
    // What is asked for is not all: lines and rows have the room that they need.
    for (const query of [
      "hours=168&line=5&width=4000",
      "hours=168&line=5&height=100&ratio=3",
      "hours=72&line=5&ratio=2",
    ])
      assert.equal((await ask(served.url, `/heli/${ID}.png?${query}`)).status, 400, query);
    assert.equal((await ask(served.url, `/heli/${ID}.png?hours=168`)).status, 200);
  });

  it("get many pictures at once, as a web page shows them, but not any number", async () => {
    const shown = await Promise.all(
      Array.from({ length: 20 }, (_, i) => ask(served.url, `/live.png?width=200&height=100&span=${60 + i}`)),
    );
    assert.deepEqual(new Set(shown.map(({ status }) => status)), new Set([200]));
    // So many within one turn that none is drawn before the last one comes.
    const target = (i: number) => `/live.png?width=200&height=100&span=${160 + i}`;
    const many = Array.from({ length: 60 }, (_, i) => {
      const asked = new IncomingMessage(new Socket());
      const answer = new ServerResponse(Object.assign(asked, { method: "GET" }));
      served.page.handle(asked, answer, target(i));
      return answer;
    });
    await ask(served.url, target(MAX_PAGE_PICTURES - 1));
    assert.deepEqual(
      many.map(({ statusCode }) => statusCode),
      many.map((_, i) => (i < MAX_PAGE_PICTURES ? 200 : 503)),
    );
    // The same one is drawn once for all.
    const same = await Promise.all(
      Array.from({ length: 60 }, () => ask(served.url, "/live.png?width=300&height=100")),
    );
    assert.deepEqual(new Set(same.map(({ status }) => status)), new Set([200]));
  });

  it("get sound of a time in which the rate changed, and of any rate", async () => {
    const other = new Seismograph({ views: ["raw"] });
    let seconds = 0;
    for (const sampleRate of [1, 1, 200, 200, 1, 1]) {
      const samples = wave(10 * sampleRate);
      const startTime = at(seconds);
      seconds += 10;
      other.take({ sourceId: `FDSN:${ID}`, startTime, sampleRate, samples }, clock(seconds));
    }
    const page = await serve(other);
    const query = `id=${ID}&from=${at(0)}&to=${at(60)}&format=wav`;
    const { status, body } = await ask(page.url, `/data?${query}`);
    assert.equal(status, 200, body.toString());
    assert.equal(body.length, 44 + 2 * 60);
    await page.close();
    assert.deepEqual(page.problems, []);
    const fast = await ask(served.url, `/data?id=${ID}&from=${at(1)}&to=${at(2)}&format=wav&speed=10000`);
    assert.equal(fast.body.readUInt32LE(24), 1_000_000);
    const file = wavFile([{ start: 0, sampleRate: 1e9, samples: wave(10) }], 10_000);
    assert.equal(Buffer.from(file.buffer).readUInt32LE(24), 2 ** 31 - 1);
  });

  it("are told that there is nothing yet of a channel of which nothing was believed", async () => {
    const other = new Seismograph();
    other.take(record(0), DAY - 86_400e6);
    const page = await serve(other);
    const { status, body } = await ask(page.url, `/data?id=${ID}&from=${at(0)}&to=${at(1)}`);
    await page.close();
    assert.equal(status, 404);
    assert.match(body.toString(), /There are no samples of that time/);
  });

  it("are answered without a body to HEAD, as a messenger asks before it shows a picture", async () => {
    for (const target of [
      "/",
      "/live.png",
      `/heli/${ID}.png`,
      "/text",
      `/data?id=${ID}&from=${at(1)}&to=${at(2)}`,
    ]) {
      const { status, body } = await ask(served.url, target, "HEAD");
      assert.deepEqual([status, body.length], [200, 0], target);
    }
    assert.equal((await ask(served.url, "/stream", "HEAD")).status, 405);
  });

  it("say that only the envelope is kept, where there is no archive", async () => {
    const alone = new Seismograph({ rawMinutes: 1 });
    for (let seconds = 0; seconds < 200; seconds++) alone.take(record(seconds), clock(seconds));
    const other = await serve(alone);
    const { status, body } = await ask(other.url, `/data?id=${ID}&from=${at(0)}&to=${at(10)}`);
    await other.close();
    assert.equal(status, 404);
    assert.match(body.toString(), /"Only the envelope is kept .*"code":"ENVELOPE_ONLY"/);
  });

  it("get words in the language that is asked for", async () => {
    const { headers, body } = await ask(served.url, "/text", "GET", {
      "accept-language": "xx, de-CH;q=0.9, en",
    });
    assert.equal(headers["content-type"], "text/html; charset=utf-8");
    const text = body.toString();
    assert.match(text, /<html lang="de">/);
    assert.match(text, /&#60;b&#62;Südpol &#38; Söhne/);
    assert.doesNotMatch(text, /<b>/);
    assert.match(text, new RegExp(`<th scope="row">${ID}</th><td>2026-01-02 00:01:59</td>`));
    const plain = await ask(served.url, "/text?lang=fr&format=plain");
    assert.match(plain.body.toString(), new RegExp(`^Flux\t.*\n${ID}\t2026-01-02 00:01:59\t.*\n$`));
  });

  it("are told of a failure of the page's own, or cut off where their answer has begun, and it is told", async () => {
    const { raw } = seismograph.channels.get(ID)!;
    const broken = () => {
      throw new Error("broken");
    };
    const pieces = mock.method(raw, "pieces", broken);
    const { status, body } = await data(`from=${at(0)}&to=${at(1)}`);
    assert.deepEqual([status, (JSON.parse(String(body)) as { code: string }).code], [500, "FAILED"]);
    const piece = { start: DAY, sampleRate: 100, samples: new Float64Array() };
    pieces.mock.mockImplementation(() => [
      Object.defineProperty(piece, "samples", { get: broken, enumerable: true }),
    ]);
    await assert.rejects(data(`from=${at(0)}&to=${at(1)}`));
    pieces.mock.restore();
    assert.deepEqual(
      served.problems.splice(0).map(({ message }) => message),
      ["broken", "broken"],
    );
    assert.equal((await data(`from=${at(0)}&to=${at(1)}`)).status, 200);
  });

  it("never fail the page, whatever they ask", async () => {
    const word = fc.oneof(
      fc.constantFrom(
        "page",
        "view",
        "id",
        "from",
        "to",
        "format",
        "channels",
        "span",
        "hours",
        "live",
        "heli",
        "raw",
        ID,
        "1",
        at(0),
      ),
      fc.string({ unit: "grapheme", maxLength: 12 }).map(encodeURIComponent),
      fc.string({ unit: fc.constantFrom("%", "0", "f", "&", "=", "?", "/", ".", "+", ";"), maxLength: 12 }),
    );
    const target = fc
      .tuple(
        fc.constantFrom("data", "text", "stream", "heli/", "live.png", `heli/${ID}.png`, "", "x"),
        fc.array(fc.tuple(word, word), { maxLength: 6 }),
      )
      .map(([name, pairs]) => `/${name}?${pairs.map(([key, value]) => `${key}=${value}`).join("&")}`);
    await fc.assert(
      fc.asyncProperty(target, async (text) => {
        const { port } = new URL(served.url);
        const status = await new Promise<number | undefined>((resolve, reject) => {
          const sent = request({ port, host: "127.0.0.1", path: text }, (response) => {
            resolve(response.statusCode);
            response.destroy();
          });
          sent.on("error", reject);
          sent.end();
        });
        assert.ok([200, 400, 404, 503].includes(status!), `${status} for ${text}`);
      }),
      { numRuns: 120 },
    );
  });
});

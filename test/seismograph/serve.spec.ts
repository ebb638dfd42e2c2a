// A page without Node-RED: what a server of DataLink or SeedLink has, for those whom the access rules let in, on this machine unless told
// otherwise.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import { datalink } from "../../lib/cli/datalink/program.ts";
import { DataLinkServer, packRecords, type Seismo, type SeismoOptions, seismo } from "../../lib/index.ts";
import { run, Screen } from "../cli/shell.ts";
import { FrameStream, ID, wave } from "./helpers.ts";

/** Ten seconds of a stream, up to about now. */
function packets() {
  const start = Math.floor(Date.now() / 1000) * 1e6 - 10e6;
  const series = { sourceId: `FDSN:${ID}`, startTime: start, sampleRate: 100, samples: wave(1000) };
  return [...packRecords(series, { formatVersion: 2, recordLength: 512 })].map((payload, i) => ({
    ...{ streamId: `FDSN:${ID}/MSEED`, payload },
    ...{ dataStart: start + i, dataEnd: start + i + 1 },
  }));
}

function get(url: string, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; body: string; headers: Record<string, unknown> }>(
    (resolve, reject) => {
      const sent = request(new URL(path, url), { headers, agent: false }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () => resolve({ status: response.statusCode!, body, headers: response.headers }));
      });
      sent.on("error", reject);
      sent.end();
    },
  );
}

/** How many servers of this process listen. */
const listening = () => process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;

/** Waits until a stream of the page tells of a sample. */
async function hasData(url: string): Promise<void> {
  const stream = await FrameStream.open(`${url}stream`);
  await stream.until((frame) => frame.type === "status" && frame.channels.some(({ newest }) => newest > 0));
  stream.close();
}

describe("seismo", () => {
  let page: Seismo | undefined;
  afterEach(async () => {
    await page?.close();
    page = undefined;
  });

  async function start(options: SeismoOptions = {}): Promise<string> {
    page = await seismo({ port: 0, beat: 20, ...options });
    return page.url;
  }

  for (const scheme of ["datalink", "seedlink"] as const) {
    it(`shows what a server of ${scheme} has`, async () => {
      await using server = await DataLinkServer.listen({ port: 0 });
      for (const packet of packets()) server.write(packet);
      const url = await start({ source: scheme === "datalink" ? server.url : server.seedLinkUrl });
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
      await hasData(url);
      assert.match((await get(url, "text?format=plain")).body, new RegExp(`^${ID}\t`, "m"));
    });
  }

  it("lets in whom the rules let read everything, by address, password or token, and nobody else", async () => {
    const users = [{ name: "ann", password: "secret", read: true as const }];
    const behindProxy = (address: string) => ({ "X-Forwarded-For": address });
    const basic = (text: string) => ({
      ...behindProxy("10.9.9.9"),
      Authorization: `Basic ${Buffer.from(text).toString("base64")}`,
    });
    const local = await start();
    assert.equal((await get(local, "text")).status, 200);
    assert.equal((await get(local, "text", behindProxy("10.0.0.1"))).status, 403);
    assert.equal((await get(local, "text", { Host: "evil.example" })).status, 403);
    await page!.close();
    const rules = [
      { from: "127.0.0.1" },
      { from: "10.0.0.0/24" },
      { from: "10.0.1.0/24", read: "^FDSN:XX_" },
      { from: "10.0.2.0/24", refuse: true },
    ];
    const open = await start({ access: { rules, users }, hosts: ["seismo.example"] });
    assert.equal((await get(open, "text", behindProxy("10.0.0.7"))).status, 200);
    assert.equal((await get(open, "text", { Host: "seismo.example" })).status, 200);
    for (const address of ["10.0.1.7", "10.0.2.7", "10.9.9.9", "nonsense", "127.0.0.1"]) {
      const { status, headers } = await get(open, "stream", behindProxy(address));
      assert.deepEqual(
        [status, headers["www-authenticate"]],
        [401, 'Basic realm="Seismograph", charset="UTF-8"'],
      );
    }
    assert.equal((await get(open, "text", basic("ann:secret"))).status, 200);
    for (const text of ["ann:wrong", "ann", ":", "bob:secret", "\0"])
      assert.equal((await get(open, "text", basic(text))).status, 401);
    assert.equal(
      (await get(open, "text", { ...behindProxy("10.9.9.9"), Authorization: "Bearer x.y.z" })).status,
      401,
    );
  });

  it("says why it cannot listen, and which options make no sense", async () => {
    const url = await start();
    const port = Number(new URL(url).port);
    await assert.rejects(seismo({ port }), {
      code: "LISTEN_FAILED",
      message: new RegExp(`port ${port}: it is taken`),
    });
    await assert.rejects(seismo({ port: 0, hours: 0 }), { code: "INVALID_SETTING" });
    await assert.rejects(seismo({ port: 0, access: { rules: [{ from: "me" }] } }), {
      code: "INVALID_ARGUMENT",
    });
  });

  it("listens no more where its source is none", async () => {
    const before = listening();
    await start();
    assert.equal(listening(), before + 1);
    for (const source of ["bogus://x", "datalink://[", "seedlink://x:99999999"])
      await assert.rejects(seismo({ port: 0, source }), { code: "INVALID_ADDRESS" });
    // A server that is closed is listed for some turns more.
    while (listening() > before + 1) await nextTurn();
  });

  it("tells why its source cannot be read, each time that it is tried", async () => {
    const closed = await DataLinkServer.listen({ port: 0 });
    const { url: source } = closed;
    await closed.close();
    await using open = await DataLinkServer.listen({ port: 0 });
    for (const [options, code] of [
      [{ source }, "CONNECTION_REFUSED"],
      [{ source: open.url, connect: { auth: { user: "me", password: "wrong" } } }, "NOT_PERMITTED"],
    ] as [SeismoOptions, string][]) {
      let tell = (_error: Error) => {};
      const told = new Promise<Error>((resolve) => {
        tell = resolve;
      });
      await start({ ...options, onProblem: (error) => tell(error) });
      assert.equal(((await told) as Error & { code: string }).code, code);
      await page!.close();
    }
  });

  it("goes on behind a record that cannot be drawn, and tells of it once", async () => {
    await using server = await DataLinkServer.listen({ port: 0 });
    const series = { sourceId: "FDSN:XX_BAD_00_H_H_Z", startTime: "1601-01-01T00:00:00Z", sampleRate: 100 };
    const problems: Error[] = [];
    const url = await start({ source: server.url, onProblem: (error) => problems.push(error) });
    for (let times = 0; times < 3; times++)
      for (const payload of packRecords({ ...series, samples: wave(10) }, { formatVersion: 3 }))
        server.write({ streamId: "FDSN:XX_BAD_00_H_H_Z/MSEED3", payload, dataStart: 1, dataEnd: 2 });
    for (const packet of packets()) server.write(packet);
    await hasData(url);
    assert.match((await get(url, "text?format=plain")).body, new RegExp(`^${ID}\t`, "m"));
    assert.deepEqual(
      problems.map((error) => (error as Error & { code: string }).code),
      ["BAD_TIME"],
    );
  });

  it("is what datalink serve --page shows", async () => {
    const stop = new AbortController();
    const stdout = new Screen();
    const words = [
      "serve",
      "--port",
      "0",
      "--page",
      "--page-port",
      "0",
      "--page-title",
      "Ours",
      "--page-views",
      "raw,1-5",
    ];
    const serving = run(datalink, words, { stdout, signal: stop.signal });
    while (!stdout.text.includes("page at")) await once(stdout, "drawn");
    const [, port] = /listening on datalink:\/\/127\.0\.0\.1:(\d+)\n/.exec(stdout.text)!;
    const [, url] = /page at (http:\S+)\n/.exec(stdout.text)!;
    const sending = await run(datalink, ["send", `127.0.0.1:${port}`, "-"], {
      stdin: Buffer.concat(packets().map(({ payload }) => payload)),
    });
    assert.equal(sending.exitCode, 0, sending.stderr);
    await hasData(url!);
    assert.match((await get(url!, "text")).body, /<title>Ours<\/title>/);
    assert.equal((await get(url!, "stream?view=1-20")).status, 400);
    stop.abort();
    const { exitCode, stderr } = await serving;
    assert.deepEqual([exitCode, stderr], [0, ""]);
    const bad = await run(datalink, [
      "serve",
      "--port",
      "0",
      "--page",
      "--page-port",
      "0",
      "--page-views",
      "9-1",
    ]);
    assert.deepEqual(
      [bad.exitCode, bad.stderr],
      [
        1,
        'datalink serve: "9-1" is not a band view: write raw, 1-20 (hertz from and to), 0.5- (from) or -1 (up to).\n',
      ],
    );
  });
});

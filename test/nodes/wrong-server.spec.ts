// A server's address that is another server's: the status says so in words, and the dialog's Test, too.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { DataLinkServer } from "../../lib/server/server.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkIn from "../../nodes/datalink-in.ts";
import datalinkInfo from "../../nodes/datalink-info.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import editor from "../../nodes/editor.ts";
import seedlinkConnection from "../../nodes/seedlink-connection.ts";
import seedlinkIn from "../../nodes/seedlink-in.ts";
import { SeisCompServer } from "../seedlink/seiscomp-server.ts";
import { type Flow, startFlow } from "../support/flow.ts";

describe("the address of another server", () => {
  let dataLink: DataLinkServer;
  let seedLink: SeisCompServer;
  let web: http.Server;
  let flow: Flow;
  const addresses: Record<string, string> = {};

  before(async () => {
    dataLink = await DataLinkServer.listen({ port: 0, ringBytes: 1 << 20, seedLink: false });
    seedLink = await SeisCompServer.start();
    web = http.createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(web, "listening");
    addresses.datalink = `127.0.0.1:${dataLink.port}`;
    addresses.seedlink = new URL(seedLink.url).host;
    addresses.web = `127.0.0.1:${(web.address() as AddressInfo).port}`;
  });
  after(async () => {
    await dataLink.close();
    await seedLink[Symbol.asyncDispose]();
    web.close();
  });
  afterEach(() => flow.stop());

  async function start(type: string, address: string): Promise<void> {
    const line = type.startsWith("seedlink") ? "seedlink-connection" : "datalink-connection";
    const asked = type === "datalink-info";
    flow = await startFlow(
      [datalinkConnection, seedlinkConnection, datalinkIn, datalinkOut, datalinkInfo, seedlinkIn, editor],
      [
        { id: "line", type: line, version: 1, address, auth: "none", timeout: "1" },
        { id: "node", type, version: 1, connection: "line", request: "id", wires: [[], []] },
      ],
    );
    if (asked) flow.node("node").receive({});
  }

  const CASES: [type: string, server: string, scheme: string, kind: string][] = [
    ["datalink-in", "seedlink", "", "protocol"],
    ["datalink-in", "web", "", "http"],
    ["datalink-in", "datalink", "datalinks://", "plain"],
    ["datalink-out", "seedlink", "", "protocol"],
    ["datalink-out", "web", "", "http"],
    ["datalink-info", "seedlink", "", "protocol"],
    ["datalink-info", "web", "", "http"],
    ["seedlink-in", "datalink", "", "protocol"],
    ["seedlink-in", "web", "", "http"],
    ["seedlink-in", "seedlink", "seedlinks://", "plain"],
  ];
  for (const [type, server, scheme, kind] of CASES) {
    it(`${type} says of ${scheme || "a "}${server} server in its status that it is one, and in the log once`, async () => {
      await start(type, scheme + addresses[server]!);
      await flow.status(
        "node",
        ({ text, fill }) => text === `${type}.status.wrong-${kind}` && fill === "red",
      );
      const logged = [...flow.warnings("node"), ...flow.errors("node")].map(String);
      assert.equal(logged.length, 1, logged.join("\n"));
      assert.match(
        logged[0]!,
        /is a (SeedLink|DataLink|web) server: use|speaks (DataLink|SeedLink) without TLS: use/,
      );
    });
  }

  const TESTS: [route: string, server: string, answer: RegExp][] = [
    ["/datalink/test", "seedlink", /is a SeedLink server: use seedlink in/],
    ["/datalink/test", "web", /is a web server: use an address with ws:/],
    ["/datalink/seedlink/test", "datalink", /is a DataLink server: use datalink in/],
    ["/datalink/seedlink/test", "web", /is a web server: use an address with ws:/],
  ];
  for (const [route, server, answer] of TESTS) {
    it(`the Test of the dialog (${route}) says of a ${server} server that it is one`, async () => {
      await start("datalink-in", addresses.datalink!);
      const said = await flow.post(route, { address: addresses[server], auth: "none", timeout: "1" });
      assert.match((said as { error: string }).error, answer);
    });
  }
});

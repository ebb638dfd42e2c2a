// The packed package in a real Node-RED of each version that it promises to work with.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DataLinkClient } from "../../lib/datalink/client.ts";
import { NodeRed, needsNodeRed, PACKAGE, VERSIONS } from "../support/node-red.ts";
import { VERSION } from "../support/version.ts";

const manifest = JSON.parse(readFileSync(path.join(__dirname, "../../package.json"), "utf8"));
const TYPES = Object.keys(manifest["node-red"].nodes);

interface NodeSet {
  id: string;
  module: string;
  name: string;
  types: string[];
  err?: unknown;
}

for (const version of VERSIONS) {
  describe(`the packed package in Node-RED ${version}`, () => {
    let nodeRed: NodeRed;

    before(async function () {
      this.timeout(300_000);
      await needsNodeRed(this, version);
      nodeRed = await NodeRed.start({ version });
    });
    after(() => nodeRed?.stop());

    it("loads every node set, one type each, and logs no warning", async () => {
      const sets = (await nodeRed.request<NodeSet[]>("/nodes")).filter(({ module }) => module === PACKAGE);
      assert.deepEqual(sets.map(({ name }) => name).sort(), [...TYPES].sort());
      for (const { name, types, err } of sets)
        assert.deepEqual({ types, err }, { types: [name], err: undefined });
      assert.deepEqual(nodeRed.complaints(), []);
    });

    it("serves an icon for each node, white on nothing and with a title", async () => {
      const icons = (await nodeRed.request<Record<string, string[]>>("/icons"))[PACKAGE] ?? [];
      for (const type of TYPES) {
        assert.ok(icons.includes(`${type}.svg`), `${type}.svg`);
        const svg = await nodeRed.request<string>(`/icons/${PACKAGE}/${type}.svg`);
        assert.match(String(svg), /viewBox="0 0 40 60"><title>[^<]+<\/title>/);
      }
    });

    it("serves dialog, help and catalog of each node", async () => {
      const html = await nodeRed.request<string>("/nodes", { headers: { accept: "text/html" } });
      for (const type of TYPES) {
        assert.ok(html.includes(`data-template-name="${type}"`), `dialog of ${type}`);
        assert.ok(html.includes(`data-help-name="${type}"`), `help of ${type}`);
        const catalog = await nodeRed.request<Record<string, object>>(
          `/locales/${PACKAGE}/${type}?lng=en-US`,
        );
        assert.deepEqual(Object.keys(catalog), [type]);
      }
    });

    it("keeps secrets apart from flows", async () => {
      const connection = { id: "c1", type: "datalink-connection", address: "localhost", auth: "password" };
      await nodeRed.deploy([{ ...connection, credentials: { user: "ringo", password: "hush" } }]);
      assert.deepEqual(await nodeRed.request("/credentials/datalink-connection/c1"), {
        user: "ringo",
        has_password: true,
        has_token: false,
      });
      const flows = readFileSync(path.join(nodeRed.userDir, "flows.json"), "utf8");
      assert.equal(flows.includes("hush") || flows.includes("ringo"), false);
    });

    it("serves DataLink at a path of its own HTTP server, beside everything else there", async () => {
      const server = {
        id: "s1",
        type: "datalink-server",
        z: "tab",
        x: 100,
        y: 100,
        wires: [[]],
        port: "0",
        webPath: "/datalink",
      };
      await nodeRed.deploy([{ id: "tab", type: "tab", label: "test" }, server]);
      const url = nodeRed.url.replace("http", "ws");
      const connect = async () => {
        await using client = await DataLinkClient.connect(`${url}/datalink`, { timeout: 2000 });
        return client.server.write;
      };
      // It listens soon after the deploy.
      for (let attempts = 0; attempts < 50 && !(await connect().catch(() => false)); attempts++)
        await delay(100);
      assert.equal(await connect(), true);
      assert.match(JSON.stringify(await nodeRed.request("/datalink/status")), /ring/i);
      const { answers } = await nodeRed.request<{ answers: object[] }>("/datalink/server-test/s1");
      const software = `SeisFlow/${VERSION}`;
      const dataLink = { software, protocol: "1.1", write: true };
      assert.deepEqual(answers, [
        { kind: "tcp", ...dataLink },
        { kind: "webSocket", ...dataLink },
        { kind: "web", ...dataLink },
        { kind: "seedLink", software, protocol: "4.0", organization: "Node-RED DataLink" },
      ]);
      await nodeRed.deploy([{ id: "tab", type: "tab", label: "test" }]);
      await assert.rejects(connect());
      await assert.rejects(nodeRed.request("/datalink/status"), /404/);
    });

    it("stops at once", async () => {
      await nodeRed.stop();
      assert.deepEqual(nodeRed.complaints(), []);
    });
  });
}

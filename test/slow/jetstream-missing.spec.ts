// Where the client of NATS is not installed, as it is not with the package: its nodes say in one sentence what to do, and all others work.
import assert from "node:assert/strict";
import { NodeRed } from "../support/node-red.ts";

const OBJECT = [
  { p: "payload", v: '{"volt":12}', vt: "json" },
  { p: "topic", v: "FDSN:XX_A/JSON", vt: "str" },
];

const FLOWS = [
  { id: "tab", type: "tab" },
  { id: "line", type: "jetstream-connection", version: 1, address: "127.0.0.1:1", auth: "none" },
  { id: "in", z: "tab", type: "jetstream-in", version: 1, connection: "line", x: 1, y: 1, wires: [[], []] },
  { id: "out", z: "tab", type: "jetstream-out", version: 1, connection: "line", x: 1, y: 1, wires: [[]] },
  {
    id: "say",
    z: "tab",
    type: "inject",
    props: [{ p: "payload", v: "x", vt: "str" }],
    x: 1,
    y: 1,
    wires: [["out"]],
  },
  { id: "go", z: "tab", type: "inject", props: OBJECT, x: 1, y: 1, wires: [["archive"]] },
  {
    ...{
      id: "archive",
      z: "tab",
      type: "jsonl-archive",
      version: 1,
      directory: "data",
      pattern: "others.jsonl",
      x: 1,
      y: 1,
    },
    wires: [["works"]],
  },
  {
    ...{ id: "works", z: "tab", type: "change", x: 1, y: 1, wires: [["tell"]] },
    rules: [{ t: "set", p: "error.code", pt: "msg", to: "the others work", tot: "str" }],
  },
  { id: "catch", z: "tab", type: "catch", scope: ["out"], x: 1, y: 1, wires: [["tell"]] },
  {
    ...{
      id: "tell",
      z: "tab",
      type: "debug",
      active: true,
      tosidebar: false,
      console: true,
      x: 1,
      y: 1,
      wires: [],
    },
    ...{ complete: "error.code", targetType: "msg" },
  },
];

describe("the nodes of JetStream without the client of NATS", function () {
  this.timeout(300_000);

  it("say what to install, and leave all other nodes at work", async () => {
    await using nodeRed = await NodeRed.start({ flows: FLOWS });
    const sentence = (type: string) =>
      new RegExp(`\\[${type}:\\w+\\].*npm install @nats-io/transport-node.*@nats-io/jetstream`);
    await nodeRed.logged(sentence("jetstream-in"));
    await nodeRed.logged(sentence("jetstream-out"));
    await nodeRed.request("/inject/say", { method: "POST" });
    await nodeRed.logged(/PACKAGE_MISSING/);
    const others = nodeRed.complaints().filter((line) => !/jetstream-(in|out):/.test(line));
    assert.deepEqual(others, []);
    // What is behind it is as it was.
    await nodeRed.request("/inject/go", { method: "POST" });
    await nodeRed.logged(/the others work/);
  });
});

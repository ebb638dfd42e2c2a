// nodes/runtime: what is typed into dialogs, as the library's values: connections, reading, the server and its access.
import assert from "node:assert/strict";
import path from "node:path";
import type { NodeAPI } from "node-red";
import datalinkConnection from "../../../nodes/datalink-connection.ts";
import type { ConnectionNode } from "../../../nodes/runtime/connection-type.ts";
import {
  type ReadingDef,
  readingSettings,
  timeSetting,
} from "../../../nodes/runtime/reading/reading-settings.ts";
import { type DataLinkServerDef, serverOptions } from "../../../nodes/runtime/server-options.ts";
import { Settings } from "../../../nodes/runtime/settings.ts";
import seedlinkConnection from "../../../nodes/seedlink-connection.ts";
import { type Flow, startFlow } from "../../support/flow.ts";

const ENVIRONMENT: Record<string, string> = { WHO: "me", PORT: "17000" };
const RED = {
  util: {
    evaluateNodeProperty: (text: string) =>
      text.replace(/\$\{(\w+)\}/g, (_, name: string) => ENVIRONMENT[name] ?? ""),
  },
  settings: { userDir: "/user" },
  nodes: { getNode: () => null },
} as unknown as NodeAPI;
/** As it is typed. */
const variable = (name: string) => `\${${name}}`;
const settings = new Settings(RED, {} as never);
const refused = (message: RegExp) => ({ code: "INVALID_SETTING", message });

describe("settings", () => {
  it("are text without spaces around it, secrets to the letter, both with environment variables in them", () => {
    assert.deepEqual(
      [
        " a b ",
        "",
        undefined,
        null,
        5,
        ` ${variable("WHO")}@${variable("PORT")} `,
        `$WHO ${variable("")}`,
      ].map((value) => settings.text(value, "none")),
      ["a b", "none", "none", "none", "5", "me@17000", `$WHO ${variable("")}`],
    );
    assert.deepEqual(
      [" a ", `x${variable("WHO")} `, undefined].map((value) => settings.secret(value)),
      [" a ", "xme ", ""],
    );
  });

  it("are numbers within their bounds, which count", () => {
    const number = (value: unknown) => settings.number("Window", value, { min: 1, max: 10, fallback: 3 });
    assert.deepEqual(["1", " 10 ", 2.5, "", undefined, "0x5"].map(number), [1, 10, 2.5, 3, 3, 5]);
    for (const value of ["0.999", "10.001", "x", "NaN", "Infinity"])
      assert.throws(() => number(value), refused(/^Window is ".*": give a number from 1 to 10 /));
    assert.equal(settings.number("Port", variable("PORT"), { min: 0, max: 65535, fallback: 0 }), 17000);
  });

  it("are one of some words, the first one where none is given", () => {
    const choice = (value: unknown) => settings.choice("Start", value, ["rest", "zero"]);
    assert.deepEqual(["rest", "zero", " zero ", "", undefined].map(choice), [
      "rest",
      "zero",
      "zero",
      "rest",
      "rest",
    ]);
    assert.throws(() => choice("Rest"), refused(/^Start is "Rest": give one of rest, zero /));
  });
});

describe("settings of reading", () => {
  const read = (def: Partial<ReadingDef> = {}) => readingSettings(settings, def as ReadingDef);
  const usual = { nodes: undefined, onError: "continue", unreached: "wait", maxInFlight: 256 };

  it("are the usual ones where nothing is said", () => {
    assert.deepEqual(read(), { resume: true, autoStart: true, delivery: usual });
    assert.deepEqual(read({ resume: true, autoStart: true, scope: ["unused"] }), {
      ...{ resume: true, autoStart: true, delivery: usual },
    });
  });

  it("are what is chosen", () => {
    const chosen = { resume: false, autoStart: false, commit: "complete", scope: ["a", "b"] };
    const { delivery, ...others } = read({
      ...chosen,
      onError: "stop",
      unreached: "commit",
      maxInFlight: "1",
    });
    assert.deepEqual(others, { resume: false, autoStart: false });
    assert.deepEqual(delivery, {
      nodes: new Set(["a", "b"]),
      onError: "stop",
      unreached: "commit",
      maxInFlight: 1,
    });
  });

  it("have nodes to wait for, and room for a packet", () => {
    for (const scope of [[], undefined])
      assert.throws(() => read({ commit: "complete", scope } as never), refused(/No node is chosen/));
    for (const maxInFlight of ["0", "100001"])
      assert.throws(() => read({ maxInFlight }), refused(/^At most is/));
  });

  it("have times that are some", () => {
    assert.equal(timeSetting(settings, " 2026-11-22T06:00:00Z "), "2026-11-22T06:00:00Z");
    for (const time of ["", "noon"])
      assert.throws(() => timeSetting(settings, time), refused(/is not a time/));
  });
});

describe("settings of a server", () => {
  const MIB = 1024 * 1024;
  const SELF = { from: ["127.0.0.0/8", "::1"], write: true, trusted: true };
  const EVERYBODY = ["0.0.0.0/0", "::/0"];
  const options = (def: Partial<DataLinkServerDef> = {}, secrets: Record<string, string> = {}) =>
    serverOptions(RED, settings, def as DataLinkServerDef, secrets);
  const access = (def: Partial<DataLinkServerDef>, secrets?: Record<string, string>) =>
    options(def, secrets).access!;

  it("are the usual ones where nothing is said", () => {
    assert.deepEqual(options(), {
      ...{ port: 16000, host: "127.0.0.1", ringBytes: 64 * MIB, packetSize: 4096, directory: undefined },
      ...{ tls: undefined, seedLink: { protocol3: "convert" }, webSocket: { origins: [] } },
      ...{ maxClients: 600, maxClientsPerAddress: undefined, ioTimeout: 10_000, idleTimeout: 3_600_000 },
      access: { rules: [SELF], users: [], jwt: undefined },
    });
  });

  it("are what is typed", () => {
    const chosen = options({
      ...{ port: "0", host: "10.0.0.1", ringSize: "0.0625", packetSize: "128", directory: "ring" },
      ...{ seedLink: "off", origins: "https://a, https://b\n", maxClients: "1", maxClientsPerAddress: "7" },
      ...{ ioTimeout: "0.1", idleTimeout: "0" },
    });
    const { access: _, tls: __, ...others } = chosen;
    assert.deepEqual(others, {
      ...{
        port: 0,
        host: "10.0.0.1",
        ringBytes: 65536,
        packetSize: 128,
        directory: path.resolve("/user/ring"),
      },
      ...{ seedLink: false, webSocket: { origins: ["https://a", "https://b"] } },
      ...{ maxClients: 1, maxClientsPerAddress: 7, ioTimeout: 100, idleTimeout: 0 },
    });
    assert.deepEqual(options({ seedLink: "omit" }).seedLink, { protocol3: "omit" });
  });

  it("have bounds, which count", () => {
    const bounds: [
      field: keyof DataLinkServerDef,
      least: string,
      most: string,
      below: string,
      above: string,
    ][] = [
      ["port", "0", "65535", "-1", "65536"],
      ["ringSize", "0.0625", "4095", "0.06", "4096"],
      ["packetSize", "128", "16777216", "127", "16777217"],
      ["maxClients", "1", "100000", "0", "100001"],
      ["maxClientsPerAddress", "1", "100000", "0", "100001"],
      ["ioTimeout", "0.1", "604800", "0.09", "604801"],
      ["idleTimeout", "0", "604800", "-1", "604801"],
    ];
    for (const [field, least, most, below, above] of bounds) {
      for (const good of [least, most]) options({ [field]: good });
      for (const bad of [below, above])
        assert.throws(() => options({ [field]: bad }), refused(/give a number from/));
    }
  });

  it("let others in as is chosen, at an address of this computer that is everybody's then", () => {
    for (const [who, write] of [
      ["read", false],
      ["write", true],
    ] as const) {
      const { host, access: may } = options({ access: who });
      assert.match(host!, /^(::|0\.0\.0\.0)$/);
      assert.deepEqual(may!.rules, [SELF, { from: EVERYBODY, write }]);
    }
    // What the list says of this computer comes first.
    const rules = [
      { from: "10.0.0.0/8, ::2", may: "read", streams: " ^XX " },
      { from: "10.1.0.1", may: "write", streams: "" },
      { from: "10.2.0.1", may: "login", streams: "" },
      { from: "127.0.0.1", may: "refuse", streams: "" },
    ] as const;
    assert.deepEqual(access({ access: "rules", rules: [...rules] }).rules, [
      { from: ["10.0.0.0/8", "::2"], read: "^XX" },
      { from: ["10.1.0.1"], write: true },
      { from: ["10.2.0.1"], read: false },
      { from: ["127.0.0.1"], refuse: true },
      SELF,
    ]);
    assert.deepEqual(access({ access: "rules" }).rules, [SELF]);
  });

  it("have users with a name and a password, eight of them", () => {
    const secrets = {
      user: " a ",
      password: " p ",
      user2: "b",
      user3: "c",
      password3: "q",
      streams3: " ^XX ",
      password4: "x",
    };
    assert.deepEqual(access({}, secrets).users, [
      { name: "a", password: " p ", write: true },
      { name: "c", password: "q", write: "^XX" },
    ]);
    const many = Object.fromEntries(
      ["", 2, 3, 4, 5, 6, 7, 8, 9].flatMap((slot) => [
        [`user${slot}`, `u${slot}`],
        [`password${slot}`, "p"],
      ]),
    );
    assert.deepEqual(
      access({}, many).users!.map(({ name }) => name),
      ["u", "u2", "u3", "u4", "u5", "u6", "u7", "u8"],
    );
  });

  it("have a secret, or a public key, or both, for tokens", () => {
    assert.deepEqual(access({}, { tokenSecret: "s" }).jwt, { secret: "s" });
    assert.deepEqual(access({ publicKey: "k" }).jwt, { publicKey: "k" });
    assert.deepEqual(access({ publicKey: "k" }, { tokenSecret: "s" }).jwt, { secret: "s", publicKey: "k" });
  });
});

describe("settings of connections", () => {
  let flow: Flow;
  afterEach(() => flow.stop());

  const server = (id: string) =>
    (flow.node(id) as ConnectionNode<Record<string, unknown>>).server() as unknown as {
      url: string;
      address: string;
      options: Record<string, unknown>;
    };

  async function start(nodes: Record<string, object>, credentials: object = {}): Promise<void> {
    flow = await startFlow(
      [datalinkConnection, seedlinkConnection],
      Object.entries(nodes).map(([id, node]) => ({ id, type: "datalink-connection", version: 1, ...node })),
      { credentials },
    );
  }

  it("are the usual ones where nothing is said", async () => {
    await start({ datalink: {}, seedlink: { type: "seedlink-connection" } });
    const { url, options } = server("datalink");
    const { clientId, ...others } = options;
    assert.deepEqual([url, others], ["localhost:16000", { auth: undefined, timeout: 10_000 }]);
    assert.match(String(clientId), /^node-red:/);
    assert.deepEqual(server("seedlink"), {
      ...{ url: "localhost:18000", address: "seedlink://localhost:18000" },
      options: {
        ...{
          auth: undefined,
          timeout: 10_000,
          userAgent: "node-red-datalink",
          protocol: "auto",
          allowPlainAuth: false,
        },
      },
    });
  });

  it("are what is typed", async () => {
    await start(
      {
        byPassword: { auth: "password", timeout: "0.1", clientName: "tester" },
        byToken: { auth: "token", timeout: "600" },
        plain: { type: "seedlink-connection", plainAuth: "true", protocol: "3.1", clientName: "tester" },
        flag: { type: "seedlink-connection", plainAuth: true },
      },
      { byPassword: { user: " me ", password: " p " }, byToken: { token: " t " } },
    );
    assert.deepEqual(server("byPassword").options.auth, { user: "me", password: " p " });
    assert.equal(server("byPassword").options.timeout, 100);
    assert.match(String(server("byPassword").options.clientId), /^tester:/);
    assert.deepEqual(server("byToken").options.auth, { jwt: "t" });
    assert.equal(server("byToken").options.timeout, 600_000);
    const { userAgent, protocol, allowPlainAuth } = server("plain").options;
    assert.deepEqual([userAgent, protocol, allowPlainAuth], ["tester", "3.1", true]);
    assert.equal(server("flag").options.allowPlainAuth, true);
  });

  it("have a time limit within bounds", async () => {
    await start({ short: { timeout: "0.09" }, long: { timeout: "601" } });
    for (const id of ["short", "long"]) assert.throws(() => server(id), refused(/^Time limit is/));
  });
});

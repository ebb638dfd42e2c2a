// Encrypted connections and logins, through the settings of the nodes and Node-RED's own TLS configuration.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { NodeAPI } from "node-red";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkInfo from "../../nodes/datalink-info.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import datalinkServer from "../../nodes/datalink-server.ts";
import { type Flow, startFlow } from "../support/flow.ts";
import { certificateAuthority } from "../support/network/certificates.ts";
import { freePort } from "../support/node-red.ts";

const tlsConfig = createRequire(__filename)("@node-red/nodes/core/network/05-tls.js") as (
  RED: NodeAPI,
) => void;

describe("secure connections of the nodes", () => {
  const authority = certificateAuthority();
  const own = authority.issue(["localhost", "127.0.0.1"]);
  let flow: Flow;
  afterEach(() => flow.stop());

  async function start(options: {
    server?: object;
    connection: object;
    credentials: object;
  }): Promise<number> {
    const port = await freePort();
    // Node-RED 4.1 wants its fields, though they are empty.
    const files = { certType: "files", cert: "", key: "", ca: "" };
    const tls = (id: string) => ({ id, type: "tls-config", ...files, verifyservercert: true });
    flow = await startFlow(
      [tlsConfig, datalinkConnection, datalinkServer, datalinkInfo, datalinkOut],
      [
        tls("own"),
        tls("authority"),
        {
          id: "line",
          type: "datalink-connection",
          version: 1,
          address: `localhost:${port}`,
          timeout: "5",
          ...options.connection,
        },
        {
          id: "server",
          type: "datalink-server",
          version: 1,
          port,
          ringSize: "1",
          wires: [[]],
          ...options.server,
        },
        {
          id: "info",
          type: "datalink-info",
          version: 1,
          connection: "line",
          request: "id",
          wires: [["out"]],
        },
        { id: "catch", type: "catch", scope: ["info"], wires: [["errors"]] },
        { id: "out", type: "helper", wires: [] },
        { id: "errors", type: "helper", wires: [] },
      ],
      {
        credentials: {
          own: { certdata: own.cert, keydata: own.key },
          authority: { cadata: authority.cert },
          ...options.credentials,
        },
      },
    );
    await flow.status("server", ({ fill }) => fill === "green");
    return port;
  }

  const whoami = async () => {
    flow.node("info").receive({});
    return (await flow.inbox("out").next()).payload as { server: string; write: boolean };
  };

  it("speak TLS where a TLS configuration is chosen", async () => {
    const port = await start({
      server: { tls: "own" },
      connection: { tls: "authority", auth: "none" },
      credentials: {},
    });
    assert.deepEqual((await whoami()).server, `datalinks://localhost:${port}`);
  });

  it("refuse a certificate that nobody they trust has signed, with a sentence", async () => {
    const port = await start({ server: { tls: "own" }, connection: { auth: "none" }, credentials: {} });
    await flow.stop();
    await start({
      server: { tls: "own", port },
      connection: { address: `datalinks://localhost:${port}`, auth: "none" },
      credentials: {},
    });
    flow.node("info").receive({});
    const { error } = await flow.inbox("errors").next();
    assert.equal(error.code, "CERTIFICATE_REJECTED");
  });

  it("log in with user and password, which no error shows", async () => {
    await start({
      connection: { auth: "password" },
      credentials: { server: { user: "ringo", password: "hush" }, line: { user: "ringo", password: "hush" } },
    });
    assert.equal((await whoami()).write, true);
    await flow.stop();
    await start({
      connection: { auth: "password" },
      credentials: {
        server: { user: "ringo", password: "hush" },
        line: { user: "ringo", password: "wrong-secret" },
      },
    });
    flow.node("info").receive({});
    const { error } = await flow.inbox("errors").next();
    assert.equal(error.code, "NOT_PERMITTED");
    assert.equal(JSON.stringify(error).includes("wrong-secret"), false);
  });

  it("name the contradiction of a plain address and a TLS configuration", async () => {
    await start({
      connection: { address: "datalink://localhost:1", tls: "authority", auth: "none" },
      credentials: {},
    });
    flow.node("info").receive({});
    assert.match(
      (await flow.inbox("errors").next()).error.message,
      /without TLS, but a TLS configuration is chosen/,
    );
  });
});

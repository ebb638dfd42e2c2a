// A Node-RED without an editor, in a process of its own: the arguments are its user directory and the folder of the nodes for
// measurements. It says so when it cannot begin.
import { createServer } from "node:http";
import path from "node:path";

interface Runtime {
  init(server: object, settings: object): void;
  start(): Promise<void>;
}

const [userDir = "", nodesDir = ""] = process.argv.slice(2);

async function run(): Promise<void> {
  const RED = require("node-red") as Runtime;
  RED.init(createServer(), {
    userDir,
    nodesDir,
    flowFile: path.join(userDir, "flows.json"),
    httpAdminRoot: false,
    httpNodeRoot: false,
    credentialSecret: false,
    logging: { console: { level: "error", metrics: false, audit: false } },
  });
  await RED.start();
}

// Asked to end by whoever wants a profile, which a signal would not leave behind.
process.on("message", () => process.exit());

run().catch((error: Error) => {
  console.error(error);
  process.exitCode = 1;
});

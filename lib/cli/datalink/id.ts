/** `datalink id`: who a server is, and what it lets this client do. */
import { DataLinkClient } from "../../datalink/client.ts";
import { defineCommand } from "../command.ts";
import { ADDRESSES, connectOptions, JSON_OPTION, onlyServer, SERVER_OPTIONS } from "./server-options.ts";
import { printJson, printPairs } from "./table.ts";

export const id = defineCommand({
  name: "datalink id",
  summary: "Show who a server is, and what this client may do there.",
  operands: "SERVER",
  options: { json: JSON_OPTION, ...SERVER_OPTIONS },
  notes: ADDRESSES,
  async run({ options, operands, io }) {
    const connect = { ...(await connectOptions(options)), signal: io.signal };
    await using client = await DataLinkClient.connect(onlyServer(operands), connect);
    const { server } = client;
    if (options.json) return await printJson(io, server);
    return await printPairs(io, [
      ["server", server.id],
      ["software", server.software],
      ["protocol", server.protocol],
      ["largest packet", server.packetSize === undefined ? "not told" : `${server.packetSize} bytes`],
      ["may write", server.write ? "yes" : "no"],
      ["capabilities", server.capabilities.join(" ")],
    ]);
  },
});

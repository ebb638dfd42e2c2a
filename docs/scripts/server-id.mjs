// Who is this server, and what may I do there?   node server-id.mjs [URL]
import { DataLinkClient } from "@seisflow/node-red-datalink";

const dali = await DataLinkClient.connect(process.argv[2] ?? "datalink://127.0.0.1:16000").catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const { id, protocol, packetSize, write } = dali.server;
console.log(`${id}, DataLink ${protocol}`);
console.log(`packets of up to ${packetSize} bytes; writing is ${write ? "" : "not "}allowed`);
await dali.close();

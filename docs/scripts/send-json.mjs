// A JSON document into the ring.   node send-json.mjs [URL]
import { DataLinkClient, encodePayload } from "@seisflow/node-red-datalink";

const dali = await DataLinkClient.connect(process.argv[2] ?? "datalink://127.0.0.1:16000").catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const packetId = await dali.write({
  streamId: "FDSN:XX_DEMO__S_O_H/JSON",
  dataStart: new Date(),
  payload: encodePayload("JSON", { voltage: 12.6, temperature: 21.5 }),
});
console.log(`packet ${packetId}`);
await dali.close();

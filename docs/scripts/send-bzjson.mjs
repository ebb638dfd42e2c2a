// A JSON document into the ring, compressed with bzip2.   node send-bzjson.mjs [URL]
import { DataLinkClient, encodePayload } from "@seisflow/node-red-datalink";

const dali = await DataLinkClient.connect(process.argv[2] ?? "datalink://127.0.0.1:16000").catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const channels = Array.from({ length: 50 }, (_, i) => ({ channel: `HH${i}`, state: "ok", voltage: 12.6 }));
const packetId = await dali.write({
  streamId: "FDSN:XX_DEMO__S_O_H/BZJSON",
  dataStart: new Date(),
  payload: encodePayload("BZJSON", { channels }),
});
console.log(`packet ${packetId}`);
await dali.close();

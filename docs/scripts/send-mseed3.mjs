// Samples into the ring, as miniSEED 3.   node send-mseed3.mjs [URL]
import { DataLinkClient, packRecords, readRecords, recordPacket } from "@seisflow/node-red-datalink";

const dali = await DataLinkClient.connect(process.argv[2] ?? "datalink://127.0.0.1:16000").catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const series = {
  sourceId: "FDSN:XX_DEMO_00_H_H_Z",
  startTime: new Date(),
  sampleRate: 100,
  samples: Int32Array.from({ length: 1000 }, (_, i) => Math.round(1000 * Math.sin(i / 10))),
};
// As many records as it takes, each with the exact time of its first sample.
for (const bytes of packRecords(series, { formatVersion: 3, encoding: "steim2", recordLength: 512 })) {
  const [record] = readRecords(bytes);
  const packetId = await dali.write(recordPacket(record));
  console.log(`packet ${packetId}: ${record.sampleCount} samples`);
}
await dali.close();

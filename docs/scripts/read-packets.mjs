// Everything that the server has, then what arrives, until Ctrl-C.   node read-packets.mjs [URL] [MATCH]
import { formatMicroseconds, packetValue, readRecords, subscribe } from "@seisflow/node-red-datalink";

const [url = "datalink://127.0.0.1:16000", match] = process.argv.slice(2);
const packets = subscribe(url, {
  match,
  from: "earliest",
  onEvent: ({ type, error }) => console.error(type, error?.message ?? ""),
});
process.once("SIGINT", () => {
  packets.close().catch(console.error);
});

for await (const packet of packets) {
  const { type, value } = packetValue(packet);
  console.log(packet.packetId, packet.streamId, formatMicroseconds(packet.dataStart));
  if (type === "MSEED" || type === "MSEED3") {
    for (const record of readRecords(value)) {
      console.log(
        `  ${record.sampleCount} samples at ${record.sampleRate} Hz, the first is ${record.samples[0]}`,
      );
    }
  } else {
    console.log(" ", value);
  }
}

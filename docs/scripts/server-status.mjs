// How is this server, and which streams does it have?   node server-status.mjs [URL]
import { DataLinkClient, formatMicroseconds } from "@seisflow/node-red-datalink";

const dali = await DataLinkClient.connect(process.argv[2] ?? "datalink://127.0.0.1:16000").catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const { status, serverId } = await dali.info("STATUS");
console.log(`${serverId}: ${status.totalConnections} connections, ${status.totalStreams} streams`);
console.log(`packets ${status.earliestPacketId} to ${status.latestPacketId}`);

const { streams } = await dali.info("STREAMS");
for (const { streamId, earliestDataStart, latestDataEnd } of streams) {
  console.log(
    streamId,
    formatMicroseconds(earliestDataStart ?? 0),
    "to",
    formatMicroseconds(latestDataEnd ?? 0),
  );
}
await dali.close();

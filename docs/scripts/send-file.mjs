// A whole miniSEED file into the ring, of any size, record by record.   node send-file.mjs FILE [URL]
import { createReadStream } from "node:fs";
import { PacketWriter, readRecordStream, recordPacket } from "@seisflow/node-red-datalink";

const [file, url = "datalink://127.0.0.1:16000"] = process.argv.slice(2);
// It tries again for as long as it takes: say so.
const writer = new PacketWriter(url, { onEvent: ({ error }) => error && console.error(error.message) });
let written = 0;
const problems = [];
for await (const record of readRecordStream(createReadStream(file))) {
  // Waits while too many are on their way; what the server refuses is told at the end.
  await writer.ready();
  writer.write(recordPacket(record)).then(
    () => written++,
    (error) => problems.push(error.message),
  );
}
await writer.close();
console.log(`${written} records written`);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;

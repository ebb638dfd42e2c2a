// A worker of a group as a process of its own, which the tests kill: archives each packet in a file of its own, notes in which order it
// took them, and commits. Arguments: servers, stream, group, order, name, folder.
import { appendFileSync } from "node:fs";
import path from "node:path";
import { JsonLinesArchive, subscribeJetStream } from "../../../lib/index.ts";

async function work(): Promise<void> {
  const [servers = "", stream = "", group = "", order = "any", name = "", folder = ""] =
    process.argv.slice(2);
  const archive = new JsonLinesArchive({ pattern: path.join(folder, `archive-${name}.jsonl`) });
  const taken = path.join(folder, `taken-${name}.txt`);
  const packets = subscribeJetStream(
    { servers, name },
    {
      ...{ stream, group, order: order === "kept" ? "kept" : "any", ackWait: 5000, maxInFlight: 500 },
      onEvent: (event) => process.stderr.write(`${name} ${event.type}\n`),
    },
  );
  let notes = "";
  const open = new Set<Promise<void>>();
  for await (const packet of packets) {
    // Time of a clock that all processes have in common.
    notes += `${process.hrtime.bigint()} ${packet.streamId} ${packet.packetId}\n`;
    if (open.size === 0 || notes.length > 10_000) {
      appendFileSync(taken, notes);
      notes = "";
    }
    const done = archive
      .write(packet)
      .then(() => packets.commit(packet))
      .finally(() => open.delete(done));
    open.add(done);
  }
}

work().catch((error: Error) => {
  console.error(error);
  process.exit(1);
});

// A page that reads by SeedLink, with seisplotjs' own clients of protocols 3 and 4 over WebSocket. Bundled for the browser by
// the test; runs nowhere else.
import { seedlink, seedlink4 } from "seisplotjs";

/** A record as seisplotjs understands it: its number, channel and first sample. */
export interface PageRecord {
  sequence: number;
  channel: string;
  first: number;
}

/** Reads so many records; `commands` say which. */
function readSeedLink(
  url: string,
  protocol: 3 | 4,
  commands: string[],
  count: number,
): Promise<PageRecord[]> {
  return new Promise((resolve, reject) => {
    const records: PageRecord[] = [];
    const take = (record: PageRecord) => {
      records.push(record);
      if (records.length < count) return;
      connection.close();
      resolve(records);
    };
    const connection =
      protocol === 4
        ? new seedlink4.SeedlinkConnection(url, commands, (packet) => take(recordOf4(packet)), reject)
        : new seedlink.SeedlinkConnection(url, commands, (packet) => take(recordOf3(packet)), reject);
    if (connection instanceof seedlink.SeedlinkConnection) connection.command = "DATA ALL";
    void connection.connect();
  });
}

function recordOf3({ sequence, miniseed: record }: seedlink.SequencedDataRecord): PageRecord {
  return { sequence, channel: record.codes(), first: record.decompress()[0]! };
}

function recordOf4(packet: seedlink4.SEPacket): PageRecord {
  const sequence = Number(packet.sequence);
  // seisplotjs cannot make miniSEED 3 of a miniSEED 2 record in a packet.
  if (packet.dataFormat === "2")
    return recordOf3({ sequence, rawsequence: "", miniseed: packet.asMiniseed()! });
  const record = packet.asMiniseed3()!;
  return { sequence, channel: record.codes(), first: record.decompress()[0]! };
}

declare global {
  interface Window {
    readSeedLink: typeof readSeedLink;
  }
}
window.readSeedLink = readSeedLink;

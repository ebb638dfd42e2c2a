/** `datalink relay`: packets of one server to another, or into a stream of NATS JetStream, or out of it. */
import { defineCommand, usageError } from "../command.ts";
import { relayFromStream } from "./relay/from-stream.ts";
import { RELAY_OPTIONS } from "./relay/options.ts";
import { isStreamAddress } from "./relay/stream-address.ts";
import { relayToServer } from "./relay/to-server.ts";
import { relayToStream } from "./relay/to-stream.ts";
import { ADDRESSES } from "./server-options.ts";

export const relay = defineCommand({
  name: "datalink relay",
  summary: "Pass the packets of one server on to another, or into a stream of NATS JetStream and out of it.",
  operands: "FROM TO",
  options: RELAY_OPTIONS,
  notes: `${ADDRESSES}

Packets keep their ids where the other server takes ids (DataLink 1.1) and has no packet yet with an id as high. It runs until it is
interrupted; connections that are lost are made again. A packet whose acknowledgement was lost may then arrive twice.

TO may be a stream of JetStream, nats://a,b,c/STREAM (tls:// with TLS), FROM then also a SeedLink server, seedlink://host:port. Each
packet is there once, however long the relay was away, also where several relays of the same server run at the same time; they need
the same --source. --create makes the stream if it is not there; it never changes one that is.

FROM may be nats://a,b,c/STREAM?group=NAME, and TO a DataLink server: relays with the same group share the packets. With &order=kept those of a
station keep their order, &filter=SUBJECT takes only some. Packets get new ids, and one may arrive twice.`,
  async run({ options, operands, io }) {
    const [from, to, extra] = operands;
    if (from === undefined || to === undefined || extra !== undefined)
      throw usageError("give two servers: FROM and TO");
    if (isStreamAddress(from) && isStreamAddress(to))
      throw usageError("give one DataLink or SeedLink server: streams are copied by NATS itself");
    if (isStreamAddress(to)) return await relayToStream(from, to, options, io);
    if (isStreamAddress(from)) return await relayFromStream(from, to, options, io);
    return await relayToServer(from, to, options, io);
  },
});

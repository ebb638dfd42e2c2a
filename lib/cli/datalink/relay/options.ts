/** The options of `datalink relay`. */
import type { OptionDefinition, OptionValues } from "../../command.ts";
import { FROM_OPTION } from "../reader.ts";
import { MATCH_OPTIONS, SERVER_OPTIONS } from "../server-options.ts";

export const RELAY_OPTIONS = {
  ...MATCH_OPTIONS,
  streams: {
    type: "string",
    value: "STREAMS",
    help: "of a SeedLink server, such as IU_KONO:BHE BHN,GE_WLF; default: all",
  },
  from: FROM_OPTION,
  state: {
    type: "string",
    value: "FILE",
    help: "keep the position in this file, and go on there the next time",
  },
  verbose: { type: "boolean", short: "v", help: "show every packet that the other server has" },
  ...SERVER_OPTIONS,
  source: {
    type: "string",
    value: "NAME",
    help: "what the stream calls FROM; the same for all relays of it (default host:port)",
  },
  create: { type: "boolean", help: "make the stream if it is not there; needs --max-bytes" },
  "max-bytes": { type: "string", value: "SIZE", help: "disk that each copy of a new stream may take: 50G" },
  replicas: { type: "string", value: "N", help: "copies of a new stream in the cluster (default 3)" },
  "max-age": { type: "string", value: "TIME", help: "how long a new stream keeps packets: 12h, 3d" },
  window: { type: "string", value: "TIME", help: "how long a new stream knows a packet again (default 2m)" },
  prefix: {
    type: "string",
    value: "NAME",
    help: "what the subjects of a new stream begin with (default seis)",
  },
  creds: { type: "string", value: "FILE", help: "log in to NATS with these credentials" },
} as const satisfies Record<string, OptionDefinition>;

export type RelayOptions = OptionValues<typeof RELAY_OPTIONS>;

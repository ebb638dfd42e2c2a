/** The commands of `datalink`. */
import { defineProgram } from "../program.ts";
import { id } from "./id.ts";
import { connections, status } from "./info.ts";
import { relay } from "./relay.ts";
import { send } from "./send.ts";
import { serve } from "./serve.ts";
import { stream } from "./stream.ts";
import { streams } from "./streams.ts";
import { token } from "./token.ts";

export const datalink = defineProgram(
  "datalink",
  "Ask a DataLink server, read from it and write to it; serve, and relay.",
  [id, status, streams, connections, stream, send, serve, relay, token],
);

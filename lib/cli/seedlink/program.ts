/** The commands of `seedlink`. */
import { defineProgram } from "../program.ts";
import { id, info, stations, streams } from "./info.ts";
import { relay } from "./relay.ts";
import { stream } from "./stream.ts";

export const seedlink = defineProgram("seedlink", "Ask a SeedLink server, and read from it.", [
  id,
  info,
  stations,
  streams,
  stream,
  relay,
]);

// All that can be fuzzed, by name.
import type { Target } from "./target.ts";
import { datalinkTargets } from "./targets/datalink.ts";
import { documentTargets } from "./targets/documents.ts";
import { fileTargets } from "./targets/files.ts";
import { jetstreamTargets } from "./targets/jetstream.ts";
import { nodeTargets } from "./targets/nodes.ts";
import { recordTargets } from "./targets/records.ts";
import { seedlinkTargets } from "./targets/seedlink.ts";
import { serverTargets } from "./targets/server.ts";
import { textTargets } from "./targets/texts.ts";

export const TARGETS: Readonly<Record<string, Target>> = {
  ...datalinkTargets,
  ...seedlinkTargets,
  ...serverTargets,
  ...jetstreamTargets,
  ...recordTargets,
  ...documentTargets,
  ...textTargets,
  ...fileTargets,
  ...nodeTargets,
};

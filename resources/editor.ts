/** What the editor loads: the scripts of all nodes. */
import "./coincidence-trigger.ts";
import "./datalink-connection.ts";
import "./datalink-in.ts";
import "./datalink-info.ts";
import "./datalink-out.ts";
import "./datalink-server.ts";
import "./ground-motion.ts";
import "./jsonl-archive.ts";
import "./mseed-archive.ts";
import "./mseed-decode.ts";
import "./mseed-encode.ts";
import "./mseed-file-in.ts";
import "./seismogram-image.ts";
import "./shake-in.ts";
import "./signal-filter.ts";
import "./seedlink-connection.ts";
import "./seedlink-in.ts";
import "./signal-measure.ts";
import "./signal-trigger.ts";
import "./station-metadata.ts";
import "./station-monitor.ts";
import "./waveform.ts";
import { showPagesOfHelps } from "./manual.ts";
import { registerTypes } from "./shared/define.ts";

registerTypes();
showPagesOfHelps();

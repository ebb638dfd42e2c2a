// Nodes that an older version of the package has saved have fewer settings: they run with the defaults of the others.
import assert from "node:assert/strict";
import coincidenceTrigger from "../../nodes/coincidence-trigger.ts";
import datalinkConnection from "../../nodes/datalink-connection.ts";
import datalinkIn from "../../nodes/datalink-in.ts";
import datalinkInfo from "../../nodes/datalink-info.ts";
import datalinkOut from "../../nodes/datalink-out.ts";
import datalinkServer from "../../nodes/datalink-server.ts";
import jetstreamConnection from "../../nodes/jetstream-connection.ts";
import jetstreamIn from "../../nodes/jetstream-in.ts";
import jetstreamOut from "../../nodes/jetstream-out.ts";
import jsonlArchive from "../../nodes/jsonl-archive.ts";
import mseedArchive from "../../nodes/mseed-archive.ts";
import mseedDecode from "../../nodes/mseed-decode.ts";
import mseedEncode from "../../nodes/mseed-encode.ts";
import mseedFileIn from "../../nodes/mseed-file-in.ts";
import seedlinkConnection from "../../nodes/seedlink-connection.ts";
import seedlinkIn from "../../nodes/seedlink-in.ts";
import seismogramImage from "../../nodes/seismogram-image.ts";
import seismographPage from "../../nodes/seismograph-page.ts";
import signalFilter from "../../nodes/signal-filter.ts";
import signalMeasure from "../../nodes/signal-measure.ts";
import signalTrigger from "../../nodes/signal-trigger.ts";
import stationMonitor from "../../nodes/station-monitor.ts";
import { startFlow } from "../support/flow.ts";
import { freePort } from "../support/node-red.ts";

const MODULES = {
  "datalink-in": datalinkIn,
  "datalink-info": datalinkInfo,
  "datalink-out": datalinkOut,
  "datalink-server": datalinkServer,
  "jetstream-in": jetstreamIn,
  "jetstream-out": jetstreamOut,
  "jsonl-archive": jsonlArchive,
  "mseed-archive": mseedArchive,
  "mseed-decode": mseedDecode,
  "mseed-encode": mseedEncode,
  "mseed-file-in": mseedFileIn,
  "signal-filter": signalFilter,
  "seedlink-in": seedlinkIn,
  "seismograph-page": seismographPage,
  "seismogram-image": seismogramImage,
  "coincidence-trigger": coincidenceTrigger,
  "station-monitor": stationMonitor,
  "signal-measure": signalMeasure,
  "signal-trigger": signalTrigger,
};

describe("nodes without the newer settings", () => {
  for (const [type, module] of Object.entries(MODULES)) {
    it(`run: ${type}`, async () => {
      const settings =
        type === "datalink-server" ? { port: await freePort() } : { connection: "server", path: "data" };
      const flow = await startFlow(
        [datalinkConnection, seedlinkConnection, jetstreamConnection, module],
        [
          {
            id: "server",
            type: `${/^(seedlink|jetstream)-/.exec(type)?.[1] ?? "datalink"}-connection`,
            address: "127.0.0.1:1",
          },
          { id: "old", type, wires: [[]], ...settings },
        ],
      );
      assert.deepEqual(flow.errors("old"), []);
      // A reader begins by itself: here it does not find a server.
      if (/^(datalink|seedlink|jetstream)-in$/.test(type))
        await flow.status("old", ({ text }) => text === `${type}.status.retry`);
      await flow.stop();
    });
  }
});

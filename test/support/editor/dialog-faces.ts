// Every face that the dialogs of this package have: each node, with the choices that show what is else hidden. For tests
// that look at all there is to see.
import { readFileSync } from "node:fs";
import path from "node:path";

const manifest = JSON.parse(readFileSync(path.join(__dirname, "../../../package.json"), "utf8"));

/** The types of the package's nodes. */
export const TYPES: string[] = Object.keys(manifest["node-red"].nodes);

/** Whether a type is a config node's: it has no place on a tab, nor in the palette. */
export function isConfig(type: string): boolean {
  return type.endsWith("-connection") || type === "station-metadata";
}

export interface Face {
  /** The id of the node in {@link faceFlows}, and of its tab. */
  id: string;
  type: string;
  title: string;
}

const RULES = [{ from: "10.0.0.0/8", may: "write", streams: "^XX_" }];
const USERS = { user: "station", password: "secret", streams: "^XX_" };

/** Choices that show rows which are hidden otherwise. A type that is not named has one face. */
const CHOICES: Record<string, Record<string, unknown>[]> = {
  "datalink-connection": [{ auth: "none" }, { auth: "password" }, { auth: "token" }],
  "datalink-in": [{ from: "latest" }, { from: "time", commit: "complete" }, { from: "packet" }],
  "datalink-info": [{ request: "status" }, { request: "streams" }],
  "datalink-server": [{ access: "loopback" }, { access: "rules", rules: RULES, credentials: USERS }],
  "seedlink-connection": [{ auth: "none" }, { auth: "password" }, { auth: "token" }],
  "seedlink-in": [{ from: "latest" }, { from: "time", commit: "complete" }],
  "jetstream-connection": [{ auth: "none" }, { auth: "password" }, { auth: "token" }, { auth: "creds" }],
  "jetstream-in": [{ from: "latest" }, { from: "time", commit: "complete" }],
  "mseed-decode": [{ samples: "counts" }, { samples: "scaled" }],
  "mseed-file-in": [
    { source: "path", path: "data" },
    { source: "archive", pace: "time", commit: "complete" },
  ],
  "mseed-encode": [{ fill: "full" }, { fill: "message" }],
  "seismogram-image": [{ picture: "traces" }, { picture: "drum" }],
  "signal-filter": [{ kind: "bandpass" }, { kind: "mean" }],
  "signal-measure": [{ combine: "single" }, { combine: "vector" }],
  "ground-motion": [
    { source: "number", to: "displacement" },
    { source: "metadata", to: "same" },
  ],
  "station-metadata": [{ source: "service" }, { source: "file" }, { source: "table" }],
  "mseed-archive": [{ layout: "SDS" }, { layout: "own" }],
};

/** Values for fields that cannot have just any text, by name. */
export const VALUES: Record<string, string> = {
  port: "16123",
  address: "localhost:16001",
  timeout: "7",
  ringSize: "2",
  packetSize: "1024",
  maxInFlight: "17",
  maxWaiting: "3",
  seconds: "30",
  rows: "3",
  width: "300",
  height: "50",
  factor: "0.5",
  recordLength: "1024",
  wait: "9",
  after: "2026-11-22T06:00:00Z",
  before: "2026-11-22T07:00:00Z",
  speed: "60",
  station: "R1E2A",
  network: "XX",
  location: "01",
  rate: "50",
  fromTime: "2026-11-22T06:00:00Z",
  fromPacket: "4711",
  pattern: "%n/%s.jsonl",
  streamId: "FDSN:XX_TEST/JSON",
  match: "FDSN:XX_.*",
  streams: "XX_A:HH?",
  reject: "_LOG",
  connection: "server",
  stream: "TEST",
  group: "archive",
  channel: "HH?",
  ackWait: "60",
  path: "/page",
  views: "raw, 2-8",
  hours: "12",
  raw: "30",
  channels: "20",
  memory: "256",
  band: "1-20",
  ratio: "2",
  source: "ring.example.org:16000",
  tls: "tls",
  gzipDays: "30",
  maxClients: "20",
  maxClientsPerAddress: "5",
  ioTimeout: "3",
  low: "2",
  high: "15",
  order: "3",
  gap: "5",
  mean: "30",
  sta: "1",
  lta: "20",
  on: "5",
  off: "1",
  minimum: "1",
  deadTime: "5",
  longest: "60",
  noData: "30",
  window: "30",
  complete: "60",
  silentAfter: "200",
  report: "30",
  backAfter: "30",
  gapFrom: "2",
  deadAfter: "30",
  maximumDelay: "5",
  minimumCompleteness: "50",
  minimumTimingQuality: "50",
  maximumOffset: "1000",
  stations: "2",
  within: "20",
  perHour: "5",
  sensitivity: "1000",
  corner: "0.1",
  table: "CO.JSC.00.HHZ 1000 m/s",
  service: "http://127.0.0.1:8080",
  idleTimeout: "60",
};

const choicesOf = (type: string): Record<string, unknown>[] => CHOICES[type] ?? [{}];
const idOf = (type: string, index: number): string => `${type}-${index}`;

export const FACES: Face[] = TYPES.flatMap((type) =>
  choicesOf(type).map((choice, index) => ({
    id: idOf(type, index),
    type,
    title: [type, ...Object.values(choice).filter((value) => typeof value === "string")].join(" "),
  })),
);

/** The id of the connection in {@link faceFlows} that a type uses. */
function serverOf(type: string): string {
  const [protocol] = type.split("-");
  return protocol === "seedlink" || protocol === "jetstream" ? `${protocol}-server` : "server";
}

/**
 * A flow with a node for each face, on a tab of its own beside a debug node; the servers of all are at `address`, and those of
 * SeedLink at `seedLink`.
 */
export function faceFlows(address: string, seedLink = "127.0.0.1:1"): object[] {
  const connections: Record<string, object> = {
    "datalink-connection": { type: "datalink-connection", version: 1, name: "", address, timeout: "5" },
    "seedlink-connection": {
      ...{
        type: "seedlink-connection",
        version: 1,
        name: "",
        address: seedLink,
        timeout: "5",
        protocol: "auto",
      },
      plainAuth: false,
    },
    "jetstream-connection": {
      ...{ type: "jetstream-connection", version: 1, name: "", address: "127.0.0.1:1", timeout: "5" },
    },
    "station-metadata": { type: "station-metadata", name: "" },
  };
  const flows: object[] = [
    { id: "server", ...connections["datalink-connection"], auth: "none" },
    { id: "seedlink-server", ...connections["seedlink-connection"], auth: "none" },
    { id: "jetstream-server", ...connections["jetstream-connection"], auth: "none" },
    {
      id: "tls",
      type: "tls-config",
      name: "certificates",
      cert: "",
      key: "",
      ca: "",
      verifyservercert: true,
    },
  ];
  for (const type of TYPES) {
    for (const [index, choice] of choicesOf(type).entries()) {
      const id = idOf(type, index);
      if (connections[type]) flows.push({ id, ...connections[type], name: id, ...choice });
      else {
        const z = `tab-${id}`;
        const place = { z, x: 200, y: 100, wires: [] };
        flows.push(
          { id: z, type: "tab", label: id, disabled: true },
          {
            id,
            type,
            ...place,
            connection: serverOf(type),
            ...choice,
          },
          { id: `debug-${id}`, type: "debug", ...place, y: 200, name: "a debug node", active: false },
        );
      }
    }
  }
  return flows;
}

// The flows of a soak: what the demo does, and what operators do with it. Each reader goes to an archive of its own, so that the ledger
// can tell them apart.

/** What is changed while packets arrive. None of it changes which packets arrive. */
export interface Changeable {
  maxInFlight: number;
  match: string;
  streams: string;
  sync: "none" | "interval" | "every";
  commit: "send" | "complete";
  corner: number;
  /** Of the last deploy: something always is another. */
  deploy: number;
}

export const AT_FIRST: Changeable = {
  maxInFlight: 256,
  match: "/MSEED",
  streams: "",
  sync: "interval",
  commit: "complete",
  corner: 1,
  deploy: 0,
};

const CHANGES: { [Name in keyof Changeable]?: readonly Changeable[Name][] } = {
  maxInFlight: [1, 16, 256, 2000],
  match: ["/MSEED", "/MSEED$", "^FDSN:S[KR]_.*/MSEED", ".*_H_H_Z/MSEED"],
  streams: ["", "*", "S?_S*:HHZ", "*:HHZ"],
  sync: ["none", "interval", "every"],
  commit: ["send", "complete"],
  corner: [0.5, 1, 2],
};

/** @param change a number that chooses what is changed, and to what */
export function changed(settings: Changeable, change: number): Changeable {
  const names = Object.keys(CHANGES) as (keyof typeof CHANGES)[];
  const name = names[change % names.length]!;
  const values = CHANGES[name]!.filter((value) => value !== settings[name]);
  return { ...settings, [name]: values[Math.floor(change / names.length) % values.length] };
}

/** Where the flows' servers are, by proxy, and their archives. */
export interface Places {
  /** Ports: readers of DataLink, of SeedLink, of JSON, and the flow that writes. */
  own: readonly [number, number, number, number];
  /** Of ringserver, where there is one. */
  other: readonly [number, number] | undefined;
  archives: string;
  /** The file system that is full now and then. */
  disk: string;
}

const COMPLETE = {
  from: "earliest",
  resume: true,
  autoStart: true,
  onError: "stop",
  unreached: "wait",
  commit: "complete",
};
const LINES = { pattern: "packets.jsonl", once: true, keepRejected: true };
const RECORDS = { layout: "SDS", once: true, keepRejected: true, gzipDays: "" };

const node = (id: string, type: string, settings: object, ...wires: string[][]) => ({
  ...{ id, type, z: "tab", x: 100, y: 100, version: 1, ...settings, wires },
});

const connection = (id: string, kind: "datalink" | "seedlink", port: number) => ({
  ...{ id, type: `${kind}-connection`, version: 1, address: `127.0.0.1:${port}`, auth: "none", timeout: "5" },
});

export function flows(settings: Changeable, { own, other, archives, disk }: Places): object[] {
  const { sync, match, streams, commit, corner, deploy } = settings;
  const maxInFlight = String(settings.maxInFlight);
  const into = (name: string, options: object, parent = archives) => ({
    ...{ ...options, directory: `${parent}/${name}`, sync },
  });
  const reader = (archive: string) => ({ ...COMPLETE, maxInFlight, scope: [archive] });
  return [
    { id: "tab", type: "tab", label: "soak" },
    connection("own", "datalink", own[0]),
    connection("own-seedlink", "seedlink", own[1]),
    connection("own-json", "datalink", own[2]),
    connection("own-writing", "datalink", own[3]),

    node("in", "datalink-in", { ...reader("archive"), connection: "own", match }, ["archive"], ["events"]),
    node("archive", "mseed-archive", into("archive", RECORDS, disk), []),
    node("start", "inject", { props: [{ p: "topic", vt: "str" }], topic: "start", repeat: "", once: false }, [
      "in",
      "json",
    ]),

    node(
      "seedlink",
      "seedlink-in",
      { ...reader("seedlink-archive"), connection: "own-seedlink", streams },
      ["seedlink-archive"],
      ["events"],
    ),
    node("seedlink-archive", "mseed-archive", into("seedlink", RECORDS), []),

    node(
      "json",
      "datalink-in",
      { ...reader("json-archive"), connection: "own-json", match: "FEED" },
      ["json-archive"],
      ["events"],
    ),
    node("json-archive", "jsonl-archive", into("json", LINES, disk), []),

    node(
      ...(["sent", "datalink-in"] as const),
      {
        ...reader("sent-archive"),
        connection: "own-json",
        match: "FEED",
        commit,
        ...(commit === "send" && { scope: [] }),
      },
      ...[["between"], ["events"]],
    ),
    node("between", "function", { func: `// ${deploy}\nreturn msg;`, outputs: 1 }, ["sent-archive"]),
    node("sent-archive", "jsonl-archive", into("sent", LINES), []),

    node("tick", "inject", { props: [], repeat: "0.5", once: true, onceDelay: "0.1" }, ["number"]),
    node(
      ...(["number", "function"] as const),
      { func: "msg.payload = { flow: RED.util.generateId() };\nreturn msg;", outputs: 1 },
      ["out"],
    ),
    node(
      "out",
      "datalink-out",
      { connection: "own-writing", streamId: "FDSN:SK_FLOW__S_O_H/JSON", ack: true, maxInFlight },
      ["out-archive"],
    ),
    node("out-archive", "jsonl-archive", { ...into("out", LINES), once: false }, []),
    node(
      "back",
      "datalink-in",
      { ...reader("back-archive"), connection: "own-writing", match: "FLOW" },
      ["back-archive"],
      ["events"],
    ),
    node("back-archive", "jsonl-archive", into("back", LINES), []),

    node(
      ...(["beside", "datalink-in"] as const),
      { ...COMPLETE, commit: "send", scope: [], onError: "continue", connection: "own", match, maxInFlight },
      ...[["decode"], []],
    ),
    node("decode", "mseed-decode", { samples: "counts", output: "record", problems: "warn" }, ["filter"]),
    node(
      "filter",
      "signal-filter",
      { kind: "bandpass", low: String(corner), high: "20", order: "4", gap: "0" },
      ["trigger"],
    ),
    node(
      ...(["trigger", "signal-trigger"] as const),
      {
        preset: "own",
        method: "recursive",
        sta: "1",
        lta: "10",
        on: "3.5",
        off: "1",
        filter: "none",
        noData: "0",
      },
      ...[["triggered"], [], []],
    ),
    node("triggered", "function", {
      func: 'node.log("trigger " + msg.payload.event);\nreturn null;',
      outputs: 0,
    }),

    node("events", "function", { func: TELL, outputs: 0 }),
    ...(other ? otherFlows(other, settings, into) : []),
  ];
}

/** What a reader tells beside its packets, where it is about the packets themselves. */
const TELL = `
if (["gap", "unreadable", "stopped", "inexact", "position-damaged"].includes(msg.topic))
  node.log(JSON.stringify({ topic: msg.topic, ...msg.payload }));
return null;`;

function otherFlows(
  [dataLink, seedLink]: readonly [number, number],
  { streams }: Changeable,
  into: (name: string, options: object) => object,
): object[] {
  const reader = (archive: string) => ({ ...COMPLETE, maxInFlight: "256", scope: [archive] });
  return [
    connection("other", "datalink", dataLink),
    connection("other-seedlink", "seedlink", seedLink),
    node(
      "other-in",
      "datalink-in",
      { ...reader("other-archive"), connection: "other", match: "" },
      ["other-archive"],
      ["events"],
    ),
    node("other-archive", "mseed-archive", into("other", RECORDS), []),
    node(
      ...(["other-seedlink-in", "seedlink-in"] as const),
      { ...reader("other-seedlink-archive"), connection: "other-seedlink", streams },
      ...[["other-seedlink-archive"], ["events"]],
    ),
    node("other-seedlink-archive", "mseed-archive", into("other-seedlink", RECORDS), []),
  ];
}

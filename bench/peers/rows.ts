// The table that `npm run bench` prints, and that stands in docs/speed.md: what is compared with what. Only names, so that a
// test can hold the page against them.

/** What is measured, of ours and of peers, by the names that bench/peers.ts gives. */
export interface Row {
  name: string;
  ours: string;
  /** What ours is compared with, where there is anything. */
  peer: string | undefined;
  goal: string;
}

export const HEADINGS = ["", "ours", "beside it", "rate", "processor time", "goal"];

export const ROWS: Row[] = [
  {
    name: "read from ringserver",
    ours: "DataLink from ringserver",
    peer: "libdali from ringserver",
    goal: "rate ≥ 1.1, time ≤ 0.5",
  },
  {
    name: "read from our server",
    ours: "DataLink from our server",
    peer: "libdali from ringserver",
    goal: "rate ≥ 2",
  },
  {
    name: "read from ringserver, resuming and committed",
    ours: "subscribe from ringserver",
    peer: "libdali from ringserver",
    goal: "",
  },
  {
    name: "read from ringserver, WebSocket",
    ours: "DataLink by WebSocket",
    peer: "seisplotjs by WebSocket",
    goal: "",
  },
  {
    name: "acknowledged writes into ringserver, 500 on their way",
    ours: "writes into ringserver",
    peer: "libdali one by one",
    goal: "rate ≥ 4",
  },
  {
    name: "acknowledged writes into our server, 500 on their way",
    ours: "writes into our server",
    peer: "libdali one by one",
    goal: "rate ≥ 4",
  },
  {
    name: "what those take of the server",
    ours: "server, our writes",
    peer: "ringserver, our writes",
    goal: "ours 3.5 µs",
  },
  {
    name: "unacknowledged writes, the server",
    ours: "server, poured",
    peer: "ringserver, poured",
    goal: "rate ≥ 0.8",
  },
  {
    name: "SeedLink 3.1 from ringserver",
    ours: "SeedLink 3.1",
    peer: "slinktool",
    goal: "time ≤ 0.5",
  },
  {
    name: "SeedLink 4.0 from ringserver",
    ours: "SeedLink 4.0",
    peer: "slinktool",
    goal: "time ≤ 0.5",
  },
  {
    name: "SeedLink 4.0 from ringserver, WebSocket",
    ours: "SeedLink by WebSocket",
    peer: "slinktool",
    goal: "time ≤ 0.5",
  },
  {
    name: "Steim 2 decoded, an array per record",
    ours: "Steim 2",
    peer: "libmseed",
    goal: "rate ≥ 0.5",
  },
  {
    name: "the same, beside JavaScript",
    ours: "Steim 2",
    peer: "seisplotjs",
    goal: "",
  },
  {
    name: "Node-RED: datalink-in, three empty hops",
    ours: "in, 3 hops",
    peer: "3 hops alone",
    goal: "ours ≤ 12 µs",
  },
  {
    name: "Node-RED: in → mseed-archive",
    ours: "in, mseed archive",
    peer: undefined,
    goal: "≤ 25 µs",
  },
  {
    name: "Node-RED: in, committed when complete → mseed-archive",
    ours: "in (complete), mseed archive",
    peer: undefined,
    goal: "≤ 25 µs",
  },
  {
    name: "Node-RED: in → mseed-decode, three empty hops",
    ours: "in, decode, 3 hops",
    peer: undefined,
    goal: "≤ 20 µs",
  },
];

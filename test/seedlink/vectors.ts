/**
 * What ringserver 4.5.3 and 2020.075 and SeisComP's seedlink 3.3 were seen to answer, and what each held. In the file
 * `<n>` stands for a payload of its list, and `(n)` for so many zero bytes.
 */
import { readFileSync } from "node:fs";
import path from "node:path";

export interface Step {
  send: string;
  recv: Buffer;
  /** What happened at the server meanwhile. */
  action?: string;
}

export interface Row {
  name: string;
  server: string;
  /** Which of the rings it held. */
  state: string;
  transport: "tcp" | "ws";
  protocol: string | null;
  closes: boolean;
  deterministic: boolean;
  steps: Step[];
}

export interface RingPacket {
  packetId?: string;
  sequence?: string;
  streamId: string;
  dataStart?: number;
  payload: Buffer;
}

const file = JSON.parse(readFileSync(path.join(__dirname, "vectors/transcripts.json"), "utf8"));
const payloads: Buffer[] = file.payloads.map((text: string) => expand(text));

function expand(text: string): Buffer {
  const parts = text.match(/<\d+>|\(\d+\)|(?:[\da-f]{2})+/g) ?? [];
  return Buffer.concat(
    parts.map((part) => {
      if (part.startsWith("<")) return payloads[Number(part.slice(1, -1))]!;
      return part.startsWith("(") ? Buffer.alloc(Number(part.slice(1, -1))) : Buffer.from(part, "hex");
    }),
  );
}

type Raw = Omit<Row, "steps"> & { steps: { send: string; recv: string | string[]; action?: string }[] };

export const rows: Row[] = file.rows.map((row: Raw) => ({
  ...row,
  steps: row.steps.map((step) => ({ ...step, recv: expand([step.recv].flat().join("")) })),
}));

export const rings: Record<string, RingPacket[]> = Object.fromEntries(
  Object.entries(file.rings as Record<string, (Omit<RingPacket, "payload"> & { payload: number })[]>).map(
    ([name, packets]) => [name, packets.map((packet) => ({ ...packet, payload: payloads[packet.payload]! }))],
  ),
);

export function row(name: string): Row {
  const found = rows.find((each) => each.name === name);
  if (!found) throw new Error(`there is no row ${name}`);
  return found;
}

/** All that a server sent in a row. */
export function received(name: string): Buffer {
  return Buffer.concat(row(name).steps.map((step) => step.recv));
}

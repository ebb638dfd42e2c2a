// What a packet takes of the processor on its way through flows of a real Node-RED, from a server in another process: of each flow
// the median of several runs, without Node-RED's start. BASE names another checkout of this package, built, to be measured in turn
// beside this one; FLOWS the flows to measure, by a part of their names; PROFILE a folder for profiles of the processor's time.
import { DataLinkServer } from "../lib/index.ts";
import { FLOWS, fillForFlows, HERE, measureFlow, PACKETS, STREAMS, WARM_UP } from "./flow/measure.ts";
import { median } from "./peers/measure.ts";

const RUNS = Number(process.env.RUNS ?? 5);
const chosen = FLOWS.filter(({ name }) => name.includes(process.env.FLOWS ?? ""));
const packages: { [name: string]: string } = {
  here: HERE,
  ...(process.env.BASE && { base: process.env.BASE }),
};

async function run(): Promise<void> {
  await using server = await DataLinkServer.listen({ port: 0, ringBytes: 2 * PACKETS * 1024 });
  fillForFlows(server);
  const address = `127.0.0.1:${server.port}`;
  console.log(
    `${PACKETS - WARM_UP} packets of 512 bytes, ${STREAMS} streams; medians of ${RUNS} runs, µs of processor time a packet`,
  );
  for (const flow of chosen) {
    const times: { [name: string]: number[] } = Object.fromEntries(
      Object.keys(packages).map((name) => [name, []]),
    );
    for (let i = 0; i < RUNS; i++) {
      for (const [name, folder] of Object.entries(packages)) {
        const { processor, messages } = await measureFlow(flow, address, folder);
        times[name]!.push(processor / messages);
      }
    }
    const medians = Object.entries(times).map(([name, all]) => [name, median(all)] as const);
    const [[, own], base] = medians as [readonly [string, number], (readonly [string, number])?];
    const ratio = base ? `, ${(own / base[1]).toFixed(2)} of base's` : "";
    console.log(
      `  ${flow.name.padEnd(30)} ${medians.map(([name, time]) => `${name} ${time.toFixed(1).padStart(5)}`).join("  ")}${ratio}`,
    );
  }
}

void run();

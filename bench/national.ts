// A national network in one Node-RED, scaled by the environment: STREAMS, RATE (packets per second), QUIET (seconds of a phase in
// which nothing happens), STOP (seconds of absence), RING_MB, OPEN_FILES, PATIENCE (seconds to catch up). With RINGSERVER=1 from a ringserver, else from our own server.
import { RingServer } from "../test/seedlink/ring-server.ts";
import { ServerProcess } from "../test/server/server-process.ts";
import { type Phase, runTrial } from "../test/support/national/trial.ts";

const number = (name: string, standard: number) => Number(process.env[name] ?? standard);

const ringMegabytes = number("RING_MB", 512);

async function startServer(): Promise<{ url: string; end: () => Promise<void> }> {
  if (process.env.RINGSERVER) {
    const server = await RingServer.start(`${ringMegabytes}M`);
    return { url: `datalink://${server.address}`, end: () => server[Symbol.asyncDispose]() };
  }
  const server = await ServerProcess.start({ ringBytes: ringMegabytes * 2 ** 20, packetSize: 512 });
  return { url: `datalink://127.0.0.1:${server.port}`, end: () => server.kill() };
}

function row(phase: Phase): string {
  const { name, seconds, archived, decoded, descriptors } = phase;
  return [
    `${name}: ${seconds.toFixed(0)} s, ${archived.toFixed(0)} archived/s beside ${decoded.toFixed(0)} decoded/s`,
    `event loop held up for ${phase.usualDelay.toFixed(0)} ms, ${phase.longestDelay.toFixed(0)} at most`,
    `${phase.processor.toFixed(0)} ms of processor time per 1,000 packets archived`,
    `${(phase.memory / 2 ** 20).toFixed(0)} MiB, ${descriptors} descriptors`,
    `oldest byte not synchronised ${(phase.unsynced / 1000).toFixed(1)} s`,
    `${phase.written.toFixed(0)} bytes to the disk for each`,
  ].join("; ");
}

async function main(): Promise<void> {
  const { url, end } = await startServer();
  try {
    const trial = await runTrial({
      url,
      streams: number("STREAMS", 6000),
      rate: number("RATE", 1500),
      late: 0.01,
      quiet: number("QUIET", 30),
      stop: number("STOP", 60),
      openFiles: number("OPEN_FILES", 1024),
      patience: number("PATIENCE", 300),
      onPhase: (phase) => console.log(row(phase)),
    });
    console.log("Ledger:", trial.ledger, "gaps told:", trial.gaps);
    console.log(`Closed within ${trial.closing.toFixed(1)} s. Complaints: ${trial.complaints.length}`);
    for (const line of trial.complaints.slice(0, 20)) console.log(line);
  } finally {
    await end();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});

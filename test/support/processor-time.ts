// What something costs, whatever else the machine does meanwhile.

/** Milliseconds that this thread has been on a processor; before Node.js 23.9, which cannot tell, all of the process. */
export function processorTime(): number {
  const { user, system } = "threadCpuUsage" in process ? process.threadCpuUsage() : processCpuUsage();
  return (user + system) / 1000;
}

function processCpuUsage(): NodeJS.CpuUsage {
  return process.cpuUsage();
}

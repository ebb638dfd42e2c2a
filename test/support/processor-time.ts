// What something costs, whatever else the machine does meanwhile.

/** Milliseconds that this thread has been on a processor. */
export function processorTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

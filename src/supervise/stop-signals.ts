/**
 * SIGINT and SIGTERM: the first requests a stop that pauses every job, a second leaves the jobs
 * running. A closed terminal (SIGHUP, EIO on stdout) stops nothing.
 */
const STOP = ["SIGINT", "SIGTERM"] as const;

/** Returns what removes the listeners. */
export function onStopSignals(stop: (again: boolean) => void): () => void {
  let asked = false;
  const listener = (): void => {
    stop(asked);
    asked = true;
  };
  const ignore = (): void => {};
  for (const signal of STOP) process.on(signal, listener);
  process.on("SIGHUP", ignore);
  process.stdout.on("error", ignore);
  process.stderr.on("error", ignore);
  return () => {
    for (const signal of STOP) process.off(signal, listener);
  };
}

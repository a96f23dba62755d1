/** Somebody else's need of the machine: real busy processes, more than there are processors. */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";

const PER_PROCESSOR = 2;

/** Busy for as long as whoever started it lives: a torture that is killed must leave no load behind. */
const BUSY = "while kill -0 $PPID; do :; done";

/** They use the CPU until the returned function is called. */
export function busyOthers(): () => void {
  const count = PER_PROCESSOR * availableParallelism();
  const busy = Array.from({ length: count }, () => spawn("/bin/sh", ["-c", BUSY], { stdio: "ignore" }));
  return () => {
    for (const child of busy) child.kill("SIGKILL");
  };
}

/**
 * Programs of jobs that no supervisor looks after: the last one has ended and left them, since they couldn't be saved.
 * Found by their environment, so that no file has to be there. Changes nothing.
 */
import { clock } from "../../clock.ts";
import { runsByEnvironment } from "../../runs/observe/runs-by-environment.ts";
import { readStat } from "../../sense/proc/process.ts";
import { list } from "../../words/list.ts";

/** A sentence that names them and the way to take them back; null where none is left. */
export function leftRunning(stateDirectory: string, start = "supervisor start"): string | null {
  const left = runsByEnvironment(stateDirectory, clock.now())
    .map(
      ({ job, main }) =>
        `'${job}' (pid ${main.pid}, ${isFrozen(main.pid) ? "frozen: it holds its memory" : "running"})`,
    )
    .sort();
  if (left.length === 0) return null;
  const [are, them] = left.length === 1 ? ["The program of", "it"] : ["The programs of", "them"];
  return `${are} ${list(left)} ${left.length === 1 ? "is" : "are"} still there. To take ${them} back: ${start}`;
}

const isFrozen = (pid: number): boolean => readStat(pid)?.state === "T";

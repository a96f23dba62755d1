/**
 * Processes that have ended and that nobody reaps: in a container whose process 1 is no init, every program that
 * a job leaves behind stays in the list of processes, up to the container's limit. Reads only.
 */
import { plural } from "../../words/list.ts";
import { readChildren, readStat } from "./process.ts";

const ADVICE = "Start the container with an init, such as docker run --init.";

export class Unreaped {
  #before: ReadonlySet<string> = new Set();

  /**
   * Why what has ended stays listed here, with the fix; null where it is reaped. What was there at the look before,
   * too, stays: leave more than a moment between two. `supervisorPid`: null when none runs.
   */
  look(supervisorPid: number | null): string | null {
    if (supervisorPid === 1)
      return `The supervisor is process 1 here, and reaps only what it has started: what jobs leave behind stays listed after its end. ${ADVICE}`;
    const now = zombiesOf(1);
    const left = [...now].filter((one) => this.#before.has(one)).length;
    this.#before = now;
    if (left === 0) return null;
    return `${plural(left, "process", "processes")} ended, and process 1 (${readStat(1)?.name ?? "?"}) doesn't reap what ends. ${ADVICE}`;
  }
}

/** By pid and start time. */
const zombiesOf = (pid: number): Set<string> =>
  new Set(
    readChildren(pid).flatMap((child) => {
      const stat = readStat(child);
      return stat?.state === "Z" ? [`${child} ${stat.startTime}`] : [];
    }),
  );

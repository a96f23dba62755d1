/**
 * How many ranks a run has, by the environment that launchers give to each: torchrun, mpirun and scripts of
 * one's own. Knows nothing of what the program makes of it.
 */
import { groupedIn } from "../../sense/owners/run-marks.ts";
import { pidsOf, type RunToFind } from "../../sense/owners/run-processes.ts";
import { readWords, variableIn } from "../../sense/proc/process.ts";

/** The number of ranks, and which of them a process is; only both together are a rank's. */
const NAMES = [
  ["WORLD_SIZE", "RANK"],
  ["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"],
  ["PMI_SIZE", "PMI_RANK"],
] as const;

/** The most that any of the processes names; 1 where none does. */
export function worldSizeOf(pids: readonly number[]): number {
  const sizes = pids.flatMap((pid) => {
    const environment = readWords(pid, "environ") ?? "";
    return NAMES.map(([size, rank]) =>
      variableIn(environment, rank) === null ? 1 : whole(variableIn(environment, size)),
    );
  });
  return Math.max(1, ...sizes);
}

const whole = (text: string | null): number => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : 1);

/**
 * The ranks of one run, which is asked again and again. In a cgroup one read tells whether they are the same processes
 * as before; any of them may have begun another program, so once the run is twice as old they are looked at anyhow.
 */
export class NamedRanks {
  #pids = "";
  #size = 1;
  #ageMs = 0;

  worldSize(run: RunToFind, ageMs: number): number {
    const pids = groupedIn(run).join();
    if (pids !== "" && pids === this.#pids && ageMs < 2 * this.#ageMs) return this.#size;
    this.#pids = pids;
    this.#ageMs = ageMs;
    this.#size = worldSizeOf(pidsOf(run));
    return this.#size;
  }
}

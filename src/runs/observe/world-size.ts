/**
 * How many ranks a run has, by the environment that launchers give to each: torchrun, mpirun and scripts of
 * one's own. Knows nothing of what the program makes of it.
 */
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

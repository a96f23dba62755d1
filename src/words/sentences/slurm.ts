/** Slurm's codes in words: why a job isn't begun, and what ended one. Never decides anything. */
import type { SlurmRun } from "../../model/run.ts";
import type { SlurmEnd } from "../../model/seen.ts";
import { clockTime } from "../time.ts";

/** After "Slurm job 12". */
export const SLURM_ENDS: Record<SlurmEnd, string> = {
  cancelled: "was cancelled there (scancel)",
  "time limit": "was ended at its time limit",
  "out of memory": "was ended for want of memory",
  "node failure": "lost a node",
  preempted: "was preempted by another job",
  // What was the reason isn't told of a job that is back in the queue.
  requeued: "was requeued by Slurm (preempted, a node lost, or an administrator's doing)",
};

/** Reason codes of jobs that wait, as `squeue` names them. */
const REASONS: Record<string, string> = {
  Resources: "its nodes aren't free yet",
  Priority: "jobs of higher priority are ahead of it",
  BeginTime: "its earliest start hasn't come yet",
  Dependency: "another job has to end first",
  JobHeldUser: "it is held by hand (scontrol release lets it go)",
  JobHeldAdmin: "an administrator holds it",
  Licenses: "licences are in use",
  NodeDown: "a node that it needs is down",
  ReqNodeNotAvail: "a node that it needs is down, drained or reserved",
  PartitionDown: "its partition is down",
  PartitionInactive: "its partition is inactive",
  PartitionNodeLimit: "it asks for more nodes than its partition allows",
  PartitionTimeLimit: "its time limit is beyond its partition's",
  Reservation: "its reservation hasn't begun",
  PartitionConfig: "its partition can't give what it asks for",
  BadConstraints: "no node can give what it asks for",
  Cleaning: "its last run is still being cleaned up",
};
/** Families of codes: limits of a QOS, an account, a user, a group. */
const FAMILIES: [RegExp, string][] = [
  [/^QOS/, "a limit of its QOS is reached"],
  [/^Assoc/, "a limit of its account is reached"],
  [/MaxJobsPer/, "its user has as many jobs as allowed"],
  [/Held/, "it is held"],
];

/** "jobs of higher priority are ahead of it (Priority)" */
function slurmReason(code: string): string {
  const text = REASONS[code] ?? FAMILIES.find(([family]) => family.test(code))?.[1];
  return text === undefined ? `Slurm's reason is ${code}` : `${text} (${code})`;
}

/** Where its run stands in Slurm, beside its state: half a sentence. */
export function slurmText(slurm: SlurmRun, nowMs: number): string {
  const { id, state, reason, nodes, orphaned, silentSinceMs } = slurm;
  const job = id === null ? "it" : `Slurm job ${id}`;
  if (silentSinceMs !== undefined)
    return `Slurm's controller hasn't answered since ${clockTime(silentSinceMs, nowMs)}, so what became of ${job} isn't known`;
  if (orphaned) return `${job} lost its nodes, and ranks that still work there are told to save and leave`;
  if (state === "running") return `${job} on ${nodes ?? "its nodes"}`;
  if (state === "unknown") return `${job} is being submitted to Slurm`;
  return `${job} waits in the queue${reason === undefined ? "" : `: ${slurmReason(reason)}`}`;
}

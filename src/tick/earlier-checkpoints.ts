/** Checkpoints that a job finds at its start and that its runs, as far as is known, didn't write. */
import type { Input } from "../decide/lifecycle/step.ts";
import type { Job } from "../model/job.ts";
import type { RunsSeen } from "../ports/runs.ts";

type Earlier = Extract<Input, { kind: "foreign" | "inherited" }>;

/** What to tell a job of them instead of launching it; null when it can be launched. */
export function earlierCheckpoints(
  job: Job,
  runs: Pick<RunsSeen, "foreignCheckpoints" | "checkpoints">,
): Earlier | null {
  const { state, earlier } = job;
  if ((state.name !== "waiting" && state.name !== "paused") || earlier === "set aside") return null;
  const whose = earlier === "adopt" ? null : runs.foreignCheckpoints(job);
  if (whose !== null) return { kind: "foreign", whose };
  // A third party's files may be any job's.
  if (state.name === "paused" || job.spec.checkpoint.glob !== undefined) return null;
  if (earlier !== "adopt" && (job.runs > 0 || job.checkpoint !== null)) return null;
  const found = runs.checkpoints(job);
  return found.checkpoints.length === 0 ? null : { kind: "inherited", ...found };
}

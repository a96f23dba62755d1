/** Shows each job what is to be seen of its run now: the first part of a tick, and of a manual pause. */
import { gpusNamed } from "../decide/sharing/choose-gpus.ts";
import { gpuView } from "../decide/sharing/gpu-view.ts";
import { awaitsCheck, type Job } from "../model/job.ts";
import type { MachineMetric, Sample } from "../model/machine.ts";
import { runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import type { StepParts, Steps } from "./steps.ts";

type Observing = Pick<StepParts, "runs" | "identity">;

/** `sample`: the last one, null before the first. */
export function observe(steps: Steps, { runs, identity }: Observing, sample: Sample | null, now: Now): void {
  for (const { job, ...why } of steps.takeLaunchFailures()) {
    const known = steps.world.jobs[job];
    if (known !== undefined) steps.take(known, { kind: "launch-failed", ...why }, now);
  }
  const availableMiB = sample && reading(sample, "memory.availableMiB");
  for (const job of Object.values(steps.world.jobs)) {
    const run = runOf(job);
    if (run && steps.isLaunching(run.id)) continue;
    if (run) {
      const seen = runs.observe(job, run);
      const placed = run.service && sample ? gpusNamed(job, sample) : run.gpus;
      const gpus = sample && gpuView({ id: run.id, gpus: placed }, sample);
      const input = { kind: "seen", seen, availableMiB, gpus, ...(run.service && { placed }) } as const;
      steps.take(job, input, now, { seen });
    } else if (job.state.name === "absent") {
      if (sample !== null) lookFor(steps, job, { runs, identity }, sample, now);
    } else if (awaitsCheck(job)) {
      steps.look(job, now);
    }
  }
}

/** Whether a service that wasn't there is there now. */
function lookFor(steps: Steps, job: Job, { runs, identity }: Observing, sample: Sample, now: Now): void {
  const seen = runs.service(job);
  if (seen === undefined) return;
  const followed = { id: identity.newRunId(), bootId: identity.bootId };
  const gpus = gpusNamed(job, sample);
  steps.take(job, { kind: "looked-for", seen, identity: followed, gpus }, now);
}

function reading({ machine }: Sample, metric: MachineMetric): number | null {
  const found = machine[metric];
  return found && "value" in found ? found.value : null;
}

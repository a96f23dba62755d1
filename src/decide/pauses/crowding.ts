/**
 * A service isn't placed: it may come to a GPU where a job is at work already. Whoever is there first keeps it, so the
 * service is asked to rest, and comes back once there is room.
 */
import { isService, type Job } from "../../model/job.ts";
import { isWorking, runOf } from "../../model/state.ts";
import type { TickInput } from "../tick-input.ts";
import type { Pause } from "./victims.ts";

export function crowdingPause(job: Job, { jobs, sample }: TickInput): Pause | null {
  if (job.state.name !== "serving" || !isService(job)) return null;
  const own = runOf(job)?.gpus ?? [];
  for (const other of Object.values(jobs)) {
    if (other.name === job.name || isService(other) || !isWorking(other.state.name)) continue;
    if (other.spec.shareGpu && job.spec.shareGpu) continue;
    const gpu = sample.gpus.find(({ uuid }) => own.includes(uuid) && runOf(other)?.gpus.includes(uuid));
    if (gpu === undefined) continue;
    const reason = `GPU ${gpu.index} is held by '${other.name}', which was there first.`;
    const cause = { actor: "supervisor", reason, critical: false } as const;
    return { verb: "pause", job: job.name, method: "http", cause, evidence: { gpu: gpu.uuid } };
  }
  return null;
}

/** Each job: its state, its progress, what it uses, what pausing has cost it. Pure. */
import type { JobView, Snapshot } from "../../control/protocol.ts";
import { STATES, type StateName } from "../../model/state.ts";
import type { EventCounts, JobCounts } from "../event-counts.ts";
import type { Family, Series } from "../exposition.ts";
import type { GpuTime } from "../gpu-time.ts";
import { gpuLabels } from "./of-gpus.ts";
import { counter, flag, gauge, MIB, series } from "./readings.ts";

/** The figure of one job; null where there is none. */
type Of = (job: JobView) => number | null;

export function ofJobs(snapshot: Snapshot, counts: EventCounts, gpuTime: GpuTime): Family[] {
  const { jobs } = snapshot;
  const seriesOf = (of: Of): Series[] =>
    jobs.flatMap((job) => {
      const value = of(job);
      return value === null ? [] : [{ labels: { job: job.name }, value }];
    });
  const each = (name: string, help: string, of: Of): Family => gauge(`job_${name}`, help, seriesOf(of));
  const sum = (name: string, help: string, of: Of): Family => counter(`job_${name}`, help, seriesOf(of));
  const counted = (name: string, help: string, key: keyof JobCounts): Family =>
    sum(name, help, (job) => counts.of(job.name)[key]);
  return [
    ...states(jobs),
    each("priority", "Higher is paused last and resumed first.", ({ priority }) => priority),
    ...progress(each),
    each("stalled", "1 while it has made no step for far too long.", (job) =>
      flag(job.stalledSinceMs !== null),
    ),
    each("pause_overdue", "1 while its pause has outlasted the grace period.", (job) =>
      flag(job.overdue !== null),
    ),
    ...use(snapshot),
    sum("runs", "Runs so far, in its whole life.", ({ run }) => run ?? 0),
    sum("productive_seconds", "Time at work, in its whole life.", (job) => job.balance.productiveMs / 1000),
    sum(
      "pause_overhead_seconds",
      "Time spent on saving, reloading and redone steps, in its whole life.",
      (job) => job.balance.overheadMs / 1000,
    ),
    sum("gpu_seconds", "GPUs held, times seconds.", ({ name }) => gpuTime.of(name)),
    counted("pauses", "Pauses that were completed.", "pauses"),
    counted("unsaved_pauses", "Pauses that left no checkpoint.", "unsavedPauses"),
    counted("resumes", "Resumes that were seen to make a step.", "resumes"),
    counted("failures", "Runs that failed or were lost.", "failures"),
    counted("checkpoints", "Checkpoints that were found valid.", "checkpoints"),
    counted(
      "steps_lost",
      "Steps to be done again, or lost with a run that failed or was cancelled.",
      "stepsLost",
    ),
    counted(
      "uncounted_losses",
      "Pauses and ends of which nobody could count the steps lost.",
      "uncountedLosses",
    ),
  ];
}

function states(jobs: JobView[]): Family[] {
  const count = (state: StateName): number => jobs.filter((job) => job.state === state).length;
  return [
    gauge(
      "jobs",
      "Jobs in each state.",
      STATES.map((state) => ({ labels: { state }, value: count(state) })),
    ),
    gauge(
      "job_state",
      "1 for the state that the job is in, 0 for the others.",
      jobs.flatMap(({ name, state: is }) =>
        STATES.map((state) => ({ labels: { job: name, state }, value: flag(state === is) })),
      ),
    ),
    gauge(
      "job_state_since_timestamp_seconds",
      "When the job entered its state.",
      jobs.map(({ name, sinceMs }) => ({ labels: { job: name }, value: sinceMs / 1000 })),
    ),
    gauge(
      "job_waits_for",
      "1 for each thing that stands between the job and running, by the code that `why --json` gives.",
      jobs.flatMap(({ name, why }) =>
        [...new Set(why.waitingFor.map(({ code }) => code))].map((code) => ({
          labels: { job: name, code },
          value: 1,
        })),
      ),
    ),
  ];
}

function progress(each: (name: string, help: string, of: Of) => Family): Family[] {
  return [
    each("step", "The step that it has reached.", (job) => job.progress?.step ?? null),
    each("steps_planned", "The steps that it is to make in all.", (job) => job.progress?.totalSteps ?? null),
    each("steps_per_second", "Its pace over the last minute.", (job) => job.stepsPerSecond),
    each(
      "checkpoint_step",
      "The step of its newest valid checkpoint.",
      (job) => job.checkpoint?.step ?? null,
    ),
    each("checkpoint_bytes", "Size of its newest valid checkpoint.", (job) => job.checkpoint?.bytes ?? null),
    each("checkpoint_timestamp_seconds", "When its newest valid checkpoint was made.", ({ checkpoint }) =>
      checkpoint === null ? null : checkpoint.createdAtMs / 1000,
    ),
  ];
}

/** What it uses now, and the values that it reports itself. */
function use(snapshot: Snapshot): Family[] {
  const { jobs } = snapshot;
  const uuids = new Map(snapshot.gpus.map(({ index, uuid }) => [index, uuid]));
  return [
    gauge(
      "job_metric",
      "A value that the job reports, such as its loss.",
      jobs.flatMap(({ name, progress }) =>
        Object.entries(progress?.metrics ?? {}).map(([metric, value]) => ({
          labels: { job: name, metric },
          value,
        })),
      ),
    ),
    gauge(
      "job_cpu_usage_ratio",
      "Share of the whole machine's CPU that it uses.",
      jobs.flatMap(({ name, use }) => (use ? series(use.cpuPercent, 0.01, { job: name }) : [])),
    ),
    gauge(
      "job_memory_bytes",
      "Memory that its processes hold.",
      jobs.flatMap(({ name, use }) => (use ? series(use.memoryMiB, MIB, { job: name }) : [])),
    ),
    gauge(
      "job_gpu",
      "1 for each GPU that the job holds.",
      jobs.flatMap(({ name, gpus }) =>
        gpus.map((gpu) => ({
          labels: { job: name, ...gpuLabels(snapshot, uuids.get(gpu) ?? null) },
          value: 1,
        })),
      ),
    ),
  ];
}

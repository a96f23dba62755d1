/**
 * The words of this program as types: what is sensed, what is decided, what is recorded.
 * Imports nothing. Percentages are of the whole machine, or of one GPU; memory is in MiB.
 */

/** Wall time for windows and people; monotonic time for dwell, grace and cool-down. */
export interface Now {
  wallMs: number;
  monotonicMs: number;
}

// ── sense ────────────────────────────────────────────────────────────────────

export const MACHINE_METRICS = [
  "cpu.total",
  "cpu.others",
  "memory.availableMiB",
  "memory.availablePercent",
  "memory.othersMiB",
  "swap.usedMiB",
  "pressure.cpu.some",
  "pressure.cpu.full",
  "pressure.memory.some",
  "pressure.memory.full",
  "pressure.io.some",
  "pressure.io.full",
  "disk.freeMiB",
  "battery.percent",
] as const;

export const GPU_METRICS = [
  "gpu.utilization",
  "gpu.others.utilization",
  "gpu.newcomers.memoryMiB",
  "gpu.others.memoryMiB",
  "gpu.memory.freeMiB",
  "gpu.temperature",
  "gpu.power",
  "gpu.throttled",
] as const;

export type MachineMetric = (typeof MACHINE_METRICS)[number];
export type GpuMetric = (typeof GPU_METRICS)[number];
export type Metric = MachineMetric | GpuMetric;

/**
 * One reading, with the monotonic time at which it was taken, or the reason why there is none.
 * Where attribution isn't certain, `value` is what is proven and `upTo` the most it might be:
 * pressure is judged by `value`, room by `upTo`, so doubt can hold a resume back but never cause a pause.
 */
export type Reading = { value: number; upTo?: number; atMs: number } | { unavailable: string };

export interface ProcessEvidence {
  pid: number;
  /** Field 22 of /proc/PID/stat; null where there is none. With the pid it names one process for ever. */
  startTime: number | null;
  user: string;
  /** Certainly none of our jobs, which run as the supervisor's own user. */
  otherUser?: true;
  command: string;
  cpuPercent?: number;
  memoryMiB?: number;
  gpuMemoryMiB?: number;
  gpuPercent?: number;
}

export interface GpuSample {
  uuid: string;
  index: number;
  name: string;
  memoryTotalMiB: Reading;
  memoryUsedMiB: Reading;
  powerLimitWatts: Reading;
  metrics: Record<GpuMetric, Reading>;
  processes: GpuProcess[];
  /** Why it is slowed down, while it is. */
  throttleReasons?: string[];
  /** Parts of a divided GPU (MIG). */
  instances?: { uuid: string; memoryTotalMiB: Reading; memoryUsedMiB: Reading }[];
}

export interface GpuProcess extends ProcessEvidence {
  /** The run of ours that it belongs to; null for all others. */
  ours: string | null;
  /** False: not counted as others', since it is an ignored desktop program or nobody can tell whose it is. */
  counts?: false;
  /** A counted process of others that began after our run on this GPU. */
  newcomer?: true;
  /** It belongs to a supervised job of another supervisor. */
  claimed?: { user: string; job: string };
}

/**
 * What another supervisor has said of one of its jobs, and what was found to be true of it: it holds
 * GPUs, or waits in line for one. Says nothing about anybody but its owner.
 */
export interface Claim {
  /** Unique on this machine. */
  id: string;
  uid: number;
  user: string;
  job: string;
  /** UUIDs: of a holder those that it holds, of one who waits those that would do. */
  gpus: string[];
  holds: boolean;
  /** Wall time since which it holds or waits; the line is in this order. */
  sinceMs: number;
  /** Of one who waits: when it could start if nobody held the GPU (wall time); null: nobody knows. */
  readyMs: number | null;
  /** Asks whoever holds `gpu` for a turn of so long. */
  asks?: { gpu: string; forMs: number };
  pids: { pid: number; startTime: number | null }[];
}

export interface RunUse {
  cpuPercent: Reading;
  memoryMiB: Reading;
  processes: number;
}

/** All readings of one tick. */
export interface Sample {
  at: Now;
  machine: Record<MachineMetric, Reading>;
  /** The same without CPU time of niced processes, for rules with `countNice: false`. */
  withoutNice?: Record<"cpu.total" | "cpu.others", Reading>;
  gpus: GpuSample[];
  /** Why `gpus` is empty, or null when a source reads them. */
  gpusUnavailable: string | null;
  /** A driver is here, although it may not tell anything now. */
  gpusExpected?: true;
  /** Of other supervisors on this machine, as far as they are proven to be alive. */
  claims?: Claim[];
  /** What the ids of our own claims begin with: it settles who is first of two of the same moment. */
  claimant?: string;
  /** By run id. */
  runs: Record<string, RunUse>;
  /** Foreign processes seen using the CPU, greediest first; empty when nobody had to look. */
  foreign: ProcessEvidence[];
}

// ── jobs ─────────────────────────────────────────────────────────────────────

export type Actor =
  | `rule:${string}`
  | `window:${string}`
  | "user"
  | "shutdown"
  | "recovery"
  | "peer"
  | "job"
  | "supervisor";

export type PauseMethod = "checkpoint" | "standby" | "freeze";

/** Why a job was paused: `reason` is one whole sentence. */
export interface Cause {
  actor: Actor;
  reason: string;
  critical: boolean;
  /** Key of the rule, when a rule asked. */
  rule?: string;
}

export interface Checkpoint {
  /** Absolute path of the checkpoint's directory (or file, for third-party jobs). */
  path: string;
  step: number | null;
  epoch: number | null;
  bytes: number;
  createdAtMs: number;
  /** `quick`: manifest valid and sizes match. `full`: every SHA-256 was checked. */
  verified: "quick" | "full" | "size and age only";
}

/** One process life of a job. `pid` is the job's own first process, not the parent that records its exit. */
export interface Run {
  id: string;
  number: number;
  startedAt: Now;
  pid: number | null;
  startTime: number | null;
  bootId: string;
  resumedFrom: string | null;
  /** The step it resumed from, 0 on a first run. */
  resumedAtStep: number;
  /** UUIDs of the GPUs it was placed on. */
  gpus: string[];
  /** The last control sequence that was written for it. */
  sequence?: number;
  /** When its first new step was seen; the time before is reloading. */
  firstStepAt?: Now;
  /** Set from a resume until it is seen to go on; `polite`: a rule had asked for the pause. */
  resuming?: { since: Now; polite: boolean };
  /** When one of several ranks was first seen to have died while the others go on. */
  rankGoneAt?: Now;
  /** What has been said of this run, so that it is said once. */
  said?: string[];
}

/** A pause that was asked for and isn't over. */
export interface PauseRequest {
  method: PauseMethod;
  cause: Cause;
  sequence: number;
  askedAt: Now;
  acknowledgedAt: Now | null;
  lastRingMs: number;
  /** Monotonic; moved on while the job reports `saving` with growing bytes. */
  deadlineMs: number;
  bytesSaved: number;
  /** Set once the grace has run out, with what was done about it. */
  overdue: null | "waiting" | "frozen" | "terminated" | "killed";
  /** Step reported when the pause was asked for. */
  stepAtRequest: number | null;
  /** Available host memory when the pause was asked for, to tell afterwards how much came free. */
  availableMiBAtRequest: number | null;
  /** The same of its GPUs, and what the run itself held of it. */
  gpuAtRequest?: { freeMiB: number | null; heldMiB: number };
  /** Monotonic time of the last growth of `bytesSaved`. */
  grewAtMs?: number;
  /** When its first process was seen to have ended. */
  exitedAt?: Now;
}

export type JobState =
  | { name: "waiting"; since: Now }
  | { name: "starting"; since: Now; run: Run }
  | { name: "running"; since: Now; run: Run }
  | { name: "pausing"; since: Now; run: Run; request: PauseRequest }
  | { name: "paused"; since: Now; cause: Cause; checkpoint: Checkpoint | null }
  | { name: "standby"; since: Now; run: Run; cause: Cause; sequence: number }
  | { name: "frozen"; since: Now; run: Run; cause: Cause }
  /** `was`: the live state that it had when the supervisor went away. */
  | { name: "lost"; since: Now; run: Run; was?: JobState; rebooted?: boolean }
  | { name: "finished"; since: Now }
  | { name: "failed"; since: Now; reason: string; exitCode: number | null }
  | { name: "cancelled"; since: Now };

export type StateName = JobState["name"];

/** States in which processes of the job may be alive. */
export const LIVE_STATES = ["starting", "running", "pausing", "standby", "frozen", "lost"] as const;
export const END_STATES = ["finished", "failed", "cancelled"] as const;

/** The run whose processes may be alive; null where there can be none. */
export function runOf({ state }: { state: JobState }): Run | null {
  return (LIVE_STATES as readonly string[]).includes(state.name) && "run" in state ? state.run : null;
}

export interface Progress {
  step: number | null;
  totalSteps: number | null;
  epoch: number | null;
  metrics: Record<string, number>;
  /** What the job itself reports: `ready`, `running`, `saving`, … */
  reports: string;
  /** Wall time at which `step` last changed. */
  advancedAtMs: number;
  /** Usual duration of a step, smoothed. */
  stepMs?: number | null;
  /** The last thing that went wrong, in the job's own words; `failedSaves` in a row, where a save did. */
  error?: string;
  failedSaves?: number;
  /** Wall time; set while no step is made although one is long due. */
  stalledSinceMs?: number;
}

/** What the user asked for by hand; it wins over rules and windows. */
export type Manual =
  | { want: "pause"; sinceMs: number; untilMs: number | null; by: string; freeze?: boolean }
  /** `excused`: rules (by key) in pressure at that moment; each counts again once it has been clear. */
  /** `honoured`: it has been started since; from then on balance counts again. */
  | { want: "run"; sinceMs: number; excused: string[]; windowUntilMs: number | null; honoured?: boolean };

/** What is known of a job's cost; times in ms, measured on this machine. */
export interface Learned {
  saveMs: number | null;
  /** Slowest save seen: `graceSeconds: "auto"` is max(120 s, 3 × this). */
  slowestSaveMs: number | null;
  reloadMs: number | null;
  memoryMiB: number | null;
  cpuPercent: number | null;
  /** The most that it was seen to hold on one GPU. */
  gpuMemoryMiB?: number;
}

/** The cost of being polite, per job: what the overhead budget is judged by. Wall times, so that it outlives us. */
export interface Balance {
  /** By rule key: how often in a row it paused this job, and until when the next resume waits. */
  backoff: Record<string, { count: number; lastPauseMs: number }>;
  /** Productive run time and pause overhead (save + reload + steps redone) in ms. */
  productiveMs: number;
  overheadMs: number;
}

export interface Job<Spec = unknown> {
  name: string;
  spec: Spec;
  /** `config`: from the file. `run`: added by `supervisor run`. */
  origin: "config" | "run";
  state: JobState;
  runs: number;
  progress: Progress | null;
  checkpoint: Checkpoint | null;
  manual: Manual | null;
  learned: Learned;
  balance: Balance;
  /**
   * What the job was seen to understand: the contract (a library reports), the pause signal (it is
   * caught), or nothing (it can only be frozen); null until a run was seen.
   */
  understands: "contract" | "signal" | "nothing" | null;
  /** Failed or fruitless runs in a row, and when the next try may start (wall time). */
  attempts: { failures: number; fruitless: number; notBeforeMs: number };
  /** Keys of rules that were proven to blame this job for its own use; off for it until a person looks. */
  misattributed: string[];
  /** Ranks that its library reported; a job of several is never frozen. */
  worldSize?: number;
  /** Valid checkpoints before `checkpoint`, newest first: what a corrupt one falls back to. */
  older?: Checkpoint[];
  /** Paths of checkpoints that were reported as broken. */
  rejected?: string[];
  /** A turn on a GPU that was asked for by hand; `untilMs` (wall time) once it has begun. */
  turn?: { gpu: string; forMs: number; askedAtMs: number; by: string; untilMs?: number };
  /** It ran out of GPU memory while others held so much of a GPU; it waits until one has less. */
  gpuShortage?: { othersMiB: number };
  /** Set from a cancel until its processes are gone. */
  cancelling?: { by: string; askedAt: Now; killed: boolean };
}

// ── observe: what can be seen of one run at one tick ─────────────────────────

/** How a run ended. `known: false`: its record is missing, so nobody knows; never taken for success. */
export type Exit = { known: true; code: number | null; signal: string | null } | { known: false };

/** One rank's report, checked and bounded. */
export interface RankStatus {
  rank: number;
  worldSize: number;
  pid: number;
  startTime: number | null;
  state: string;
  sequence: number;
  step: number | null;
  totalSteps: number | null;
  epoch: number | null;
  metrics: Record<string, number>;
  checkpoint: string | null;
  bytesSaved: number;
  atMs: number;
  /** The last thing that went wrong in the job's own words, and how many saves have failed in a row. */
  error?: string;
  failedSaves?: number;
}

export interface Seen {
  /** Known once the launcher has written it. */
  pid: number | null;
  startTime: number | null;
  alive: boolean;
  exit: Exit | null;
  /** Processes of the run that remain although its first process is gone. */
  leftovers: { pid: number; command: string }[];
  ranks: RankStatus[];
  /** Of several ranks those whose process was seen alive here and is gone, without having said that it ends. */
  ranksGone?: number[];
  /** Newest first; only those that pass the quick check. */
  checkpoints: Checkpoint[];
  /** Names of checkpoints that were found broken, with the reason. */
  rejected: { path: string; reason: string }[];
  /** Whether the pause signal would be caught (SigCgt); null where that can't be known. */
  signalCaught: boolean | null;
  /** Every process of the run is stopped (SIGSTOP or a frozen cgroup). */
  stopped: boolean;
  /** Once it has ended: what it wrote last, where that says that a GPU had too little memory. */
  outOfGpuMemory?: string;
}

/** What the GPUs of one run showed at the last look. */
export interface GpuView {
  /** Monotonic time of the oldest reading in it. */
  atMs: number;
  /** Why it can't be told who is on them, or null. */
  unavailable: string | null;
  /** "GPU 0", "GPU 0 and 1". */
  name: string;
  freeMiB: number | null;
  /** What the driver lists of this run, whether it still lives or not. */
  entries: ProcessEvidence[];
  /** Memory that others hold, with those who hold it. */
  othersMiB: number;
  others: ProcessEvidence[];
}

// ── decide ───────────────────────────────────────────────────────────────────

/** What stands between a job and running; `text` is for people, `code` for programs. */
export interface WaitingFor {
  code:
    | "manual"
    | "window"
    | "rule"
    | "sensor"
    | "footprint"
    | "settling"
    | "turn"
    | "back-off"
    | "budget"
    | "restart"
    | "gpu-claimed"
    | "gpu-memory"
    | "checkpoint-check"
    | "journal"
    | "shutdown";
  text: string;
  rule?: string;
  gpu?: string;
  untilMs?: number;
  processes?: ProcessEvidence[];
  /** Whose supervised job holds the GPU, since when (wall time), and the own place in the line from 1. */
  by?: { user: string; job: string };
  sinceMs?: number;
  place?: number;
}

/** The answer to "why?" for one job at one tick. */
export interface Why {
  job: string;
  summary: string;
  waitingFor: WaitingFor[];
  /** What is expected next, and when (wall time), where that can be known. */
  next: string | null;
  nextAtMs: number | null;
}

export type Decision =
  /** `gpus`: UUIDs of the GPUs to place it on. A resume of a standby or frozen job stays in its run. */
  | {
      verb: "start" | "resume";
      job: string;
      actor: Actor;
      reason: string;
      evidence: Evidence;
      gpus: string[];
    }
  | { verb: "pause"; job: string; method: PauseMethod; cause: Cause; evidence: Evidence }
  | { verb: "notify"; job: null; actor: Actor; reason: string; evidence: Evidence };

export type PauseDecision = Extract<Decision, { verb: "pause" }>;
export type StartDecision = Extract<Decision, { verb: "start" | "resume" }>;

/** The samples, the rule and the processes behind a decision; stored with its event. */
export interface Evidence {
  rule?: string;
  metric?: Metric;
  gpu?: string;
  value?: number;
  threshold?: number;
  dwellSeconds?: number;
  window?: string;
  readings?: Record<string, number | string>;
  processes?: ProcessEvidence[];
  [more: string]: unknown;
}

export interface WindowState {
  name: string;
  open: boolean;
  sinceMs: number | null;
  /** When it next opens or closes. */
  changesAtMs: number | null;
  /** When its `closes` next occurs, open or not. */
  closesAtMs?: number | null;
  /** Jobs it governs; null means all. */
  jobs: string[] | null;
}

/** A rule's memory. Key: the rule's name, and the GPU's UUID for gpu.* rules. */
export interface RuleState {
  rule: string;
  gpu: string | null;
  firm: "pressure" | "clear";
  /** Wall time of the last change of `firm`, for people; `firmSinceMs` is the same in monotonic time. */
  sinceMs: number;
  firmSinceMs: number;
  /** Monotonic time since which the other side's threshold has been met without a break. */
  leaningSinceMs: number | null;
  /** Monotonic time since which the pressure threshold has been met without a break. */
  beyondSinceMs: number | null;
  /** Whether even the most that the reading might be is this side of the pressure threshold. */
  roomy: boolean;
  /** Monotonic time of the last reading that was used; null before the first. */
  readAtMs: number | null;
  lastValue: number | null;
  unavailable: string | null;
}

// ── act ──────────────────────────────────────────────────────────────────────

export type Effect =
  | { do: "launch"; job: string; run: Run; resumeFrom: Checkpoint | null }
  | { do: "ask"; job: string; run: Run; want: "run" | "pause" | "standby" | "release"; sequence: number }
  | { do: "ring"; job: string; run: Run }
  | { do: "freeze" | "thaw" | "terminate" | "kill"; job: string; run: Run }
  | { do: "verify"; job: string; checkpoint: Checkpoint }
  | { do: "prune"; job: string; keep: number }
  /** Files of a run that is over: control, status, exit record. */
  | { do: "tidy"; job: string; run: Run };

// ── record ───────────────────────────────────────────────────────────────────

export const EVENT_KINDS = [
  "supervisor.started",
  "supervisor.stopped",
  "supervisor.recovered",
  "machine.rebooted",
  "job.started",
  "job.finished",
  "job.failed",
  "job.cancelled",
  "job.lost",
  "job.stalled",
  "pause.requested",
  "pause.completed",
  "pause.overdue",
  "pause.failed",
  "pause.forced",
  "resume.requested",
  "resume.completed",
  "resume.failed",
  "checkpoint.verified",
  "checkpoint.rejected",
  "checkpoint.failed",
  "checkpoint.backed-up",
  "checkpoint.restored",
  "window.opened",
  "window.closed",
  "rule.pressure",
  "rule.cleared",
  "rule.misattributed",
  "sensor.lost",
  "sensor.recovered",
  "gpu.claimed",
  "gpu.released",
  "gpu.requested",
  "config.changed",
  "config.rejected",
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** One row of the audit log before it is written; `at`, `id` and the hash are the journal's. */
export interface NewEvent {
  kind: EventKind;
  job: string | null;
  run: number | null;
  actor: Actor;
  reason: string;
  evidence?: Evidence;
  /** Signal-to-checkpoint ms, bytes, steps lost, memory released, … */
  outcome?: Record<string, unknown>;
}

export interface AuditEvent extends NewEvent {
  id: number;
  /** ISO 8601 with the local offset. */
  at: string;
  hash: string;
}

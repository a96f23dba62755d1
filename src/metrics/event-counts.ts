/**
 * What has happened since the metrics were switched on, counted by the events that are told. Counters begin
 * at 0 with each supervisor, as counters may: Prometheus takes that for a restart and loses nothing of what
 * it has seen. Counting them from the audit log would go wrong once old events are exported.
 */
import { type Actor, actorKind } from "../model/actor.ts";
import { type AuditEvent, EVENT_KINDS, type EventKind } from "../model/event.ts";
import { isUnsaved, lossOf } from "../model/steps-lost.ts";

/** Upper limits in seconds: from a standby to the largest checkpoint on a slow disk. */
const PAUSE_LIMITS = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, Number.POSITIVE_INFINITY];

/** Of one job. */
export interface JobCounts {
  pauses: number;
  unsavedPauses: number;
  resumes: number;
  failures: number;
  checkpoints: number;
  stepsLost: number;
  /** Pauses and ends of which nobody could count the steps lost. */
  uncountedLosses: number;
}

const NOTHING: JobCounts = {
  pauses: 0,
  unsavedPauses: 0,
  resumes: 0,
  failures: 0,
  checkpoints: 0,
  stepsLost: 0,
  uncountedLosses: 0,
};

const COUNTED: Partial<Record<EventKind, keyof JobCounts>> = {
  "pause.completed": "pauses",
  "pause.failed": "unsavedPauses",
  "resume.completed": "resumes",
  "job.failed": "failures",
  "job.lost": "failures",
  "checkpoint.verified": "checkpoints",
};

export class EventCounts {
  readonly #kinds = new Map<EventKind, number>(EVENT_KINDS.map((kind) => [kind, 0]));
  readonly #jobs = new Map<string, JobCounts>();
  /** Jobs of which the last pause that was asked for is counted. */
  readonly #counted = new Set<string>();
  readonly #pausesBy = new Map<Actor, number>();
  readonly #pauseBuckets = PAUSE_LIMITS.map((le) => ({ le, count: 0 }));
  #pauseSeconds = 0;
  #releasedMiB = 0;

  count(event: AuditEvent): void {
    const { kind, job, outcome = {} } = event;
    add(this.#kinds, kind);
    const again = job !== null && this.#isAgain(job, event);
    if (job !== null && !again) this.#countOf(job, event);
    if (kind !== "pause.completed") return;
    this.#releasedMiB += amount(outcome.vramReleasedMiB);
    if (again) return;
    add(this.#pausesBy, event.actor);
    const tookMs = outcome.goneAfterMs ?? outcome.pausedAfterMs;
    // A job that paused by itself wasn't waited for.
    if (typeof tookMs === "number") this.#timed(tookMs / 1000);
  }

  get kinds(): ReadonlyMap<EventKind, number> {
    return this.#kinds;
  }

  /** Zeros for a job to which nothing has happened yet. */
  of(job: string): JobCounts {
    return this.#jobs.get(job) ?? NOTHING;
  }

  /** By whoever asked for the pause. */
  get pausesBy(): ReadonlyMap<Actor, number> {
    return this.#pausesBy;
  }

  /** From the request to the job's end or standby, in seconds. */
  get pauseTimes(): { buckets: { le: number; count: number }[]; sum: number } {
    return { buckets: this.#pauseBuckets, sum: this.#pauseSeconds };
  }

  get releasedMiB(): number {
    return this.#releasedMiB;
  }

  /** Forgets jobs and rules that are gone: their number has no limit in a long life. */
  keepOnly(jobs: ReadonlySet<string>, rules: ReadonlySet<string>): void {
    for (const name of this.#jobs.keys()) if (!jobs.has(name)) this.#jobs.delete(name);
    for (const name of this.#counted) if (!jobs.has(name)) this.#counted.delete(name);
    for (const actor of this.#pausesBy.keys())
      if (actorKind(actor) === "rule" && !rules.has(actor)) this.#pausesBy.delete(actor);
  }

  /** A further word on a pause that was told already, maybe before these counters began, or one that nobody here asked for. */
  #isAgain(job: string, { kind, actor, outcome = {} }: AuditEvent): boolean {
    if (kind === "pause.requested") this.#counted.delete(job);
    if (kind !== "pause.completed") return false;
    const told = this.#counted.has(job) && actor !== "job";
    this.#counted.add(job);
    return told || actor === "recovery" || (outcome.method === "park" && outcome.pausedAfterMs === undefined);
  }

  #countOf(job: string, event: AuditEvent): void {
    const { kind } = event;
    const counts = this.#jobs.get(job) ?? { ...NOTHING };
    this.#jobs.set(job, counts);
    const counted = COUNTED[kind];
    if (counted !== undefined && isCounted(event)) counts[counted]++;
    const loss = lossOf(event);
    counts.stepsLost += loss?.steps ?? 0;
    if (loss?.steps === null) counts.uncountedLosses++;
  }

  #timed(seconds: number): void {
    this.#pauseSeconds += seconds;
    for (const bucket of this.#pauseBuckets) if (seconds <= bucket.le) bucket.count++;
  }
}

/** Some kinds tell of more than what is counted by them. */
function isCounted(event: AuditEvent): boolean {
  const { kind, outcome = {} } = event;
  if (kind === "pause.failed") return isUnsaved(event);
  // An end that isn't counted as a failure isn't said to be final or not.
  return kind !== "job.failed" || "final" in outcome;
}

const amount = (value: unknown): number => (typeof value === "number" ? value : 0);

function add<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

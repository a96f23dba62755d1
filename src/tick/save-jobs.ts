/**
 * What is saved, and when: a step's events, job and run in one transaction, before its effects; other
 * changes of jobs at the end of a tick; progress alone only once in a while. Must never lose an event,
 * and does nothing but record.
 */
import type { AuditEvent, NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { Seen } from "../model/seen.ts";
import { runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import type { Change, Journal, RunEnd } from "../ports/journal.ts";

/** Progress alone is saved no more often than this: it can be read again from the status file. */
const SAVE_PROGRESS_EVERY_MS = 15_000;

/** The result of a job's step. */
export interface Stepped {
  job: Job;
  events: NewEvent[];
}

export class Persistence {
  readonly #journal: Journal;
  readonly #tell: (event: AuditEvent) => void;
  readonly #saved = new Map<string, Job>();
  #savedProgressAtMs = Number.NEGATIVE_INFINITY;

  constructor(journal: Journal, tell: (event: AuditEvent) => void = () => {}) {
    this.#journal = journal;
    this.#tell = tell;
  }

  /** False when the journal couldn't write them; it keeps them and tries again. */
  record(events: NewEvent[], now: Now, change?: Change): boolean {
    // An empty append matters too: it retries the backlog and returns what was written.
    const result = this.#journal.append(events, now, change);
    if (!result.ok) return false;
    for (const event of result.events) this.#tell(event);
    for (const job of change?.jobs ?? []) this.#saved.set(job.name, job);
    for (const name of change?.removed ?? []) this.#saved.delete(name);
    return true;
  }

  /**
   * Records one step of one job. Returns the job as it is from now on; null when an `orNothing` step
   * couldn't be recorded and so must not be taken.
   */
  recordStep(
    before: Job,
    { job: after, events }: Stepped,
    now: Now,
    { seen, orNothing }: { seen?: Seen; orNothing?: true } = {},
  ): Job | null {
    // An unchanged copy needn't be saved again.
    const job = changed(before, after).length === 0 ? before : after;
    const ended = runOf(before);
    const begun = runOf(job);
    const another = ended?.id !== begun?.id;
    if (events.length === 0 && !another) return job;
    const recorded = this.record(events, now, {
      jobs: [job],
      ...(orNothing && { orNothing }),
      ...(begun && another && { started: { job: job.name, run: begun } }),
      ...(ended && another && { ended: { run: ended, end: endOf(job, seen, now) } }),
    });
    return recorded || !orNothing ? job : null;
  }

  /** Records events with all unsaved changes of the jobs, in one transaction. */
  recordWith(jobs: Readonly<Record<string, Job>>, events: NewEvent[], now: Now): void {
    this.record(events, now, { jobs: this.#unsaved(jobs) });
  }

  /** In one transaction. A job that only progressed is saved with others, or when it is due. */
  save(jobs: Readonly<Record<string, Job>>, now: Now): void {
    const unsaved = this.#unsaved(jobs);
    const isTime = now.monotonicMs - this.#savedProgressAtMs >= SAVE_PROGRESS_EVERY_MS;
    if (unsaved.length === 0 || !(isTime || unsaved.some((job) => !this.#hasOnlyProgressed(job)))) return;
    if (this.record([], now, { jobs: unsaved })) this.#savedProgressAtMs = now.monotonicMs;
  }

  #unsaved(jobs: Readonly<Record<string, Job>>): Job[] {
    return Object.values(jobs).filter((job) => this.#saved.get(job.name) !== job);
  }

  #hasOnlyProgressed(job: Job): boolean {
    const saved = this.#saved.get(job.name);
    return saved !== undefined && changed(saved, job).every((key) => PROGRESS_ONLY.has(key));
  }
}

/** Facts that a crash may set back by a few seconds; any other change is saved at once. */
const PROGRESS_ONLY: ReadonlySet<keyof Job> = new Set<keyof Job>(["progress", "learned"]);

function endOf({ state, progress }: Job, seen: Seen | undefined, now: Now): RunEnd {
  const { code, signal } = seen?.exit?.known ? seen.exit : { code: null, signal: null };
  return { at: now, code, signal, how: state.name, step: progress?.step ?? null };
}

/** Facts that differ, were added or were removed. Compares every job at every tick, and so makes nothing but its answer. */
function changed(a: Job, b: Job): (keyof Job)[] {
  const keys: (keyof Job)[] = [];
  for (const key in a) if (a[key as keyof Job] !== b[key as keyof Job]) keys.push(key as keyof Job);
  for (const key in b) if (!(key in a) && b[key as keyof Job] !== undefined) keys.push(key as keyof Job);
  return keys;
}

/**
 * What is saved, and when: a step's events, its job and its run in one transaction, before anything is
 * done about it; all else that changed of jobs at the end of a tick; progress alone only now and then.
 * Must never lose an event, and does nothing but record.
 */
import type { AuditEvent, NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { Seen } from "../model/seen.ts";
import { runOf } from "../model/state.ts";
import type { Now } from "../model/time.ts";
import type { Change, Journal, RunEnd } from "../ports/journal.ts";

/** A progress report alone is saved no more often than this: it can be read again from the status file. */
const SAVE_PROGRESS_EVERY_MS = 15_000;

/** What a step has made of a job. */
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

  /** False when the journal could not take them; it keeps them and tries again. */
  record(events: NewEvent[], now: Now, change?: Change): boolean {
    // An empty append too: it tries again what could not be written before, and tells of it.
    const result = this.#journal.append(events, now, change);
    if (!result.ok) return false;
    for (const event of result.events) this.#tell(event);
    for (const job of change?.jobs ?? []) this.#saved.set(job.name, job);
    return true;
  }

  /**
   * One step of one job. Gives the job as it is from now on; null when the step must not be taken, since
   * it could not be recorded and was to be `orNothing`.
   */
  recordStep(
    before: Job,
    { job: after, events }: Stepped,
    now: Now,
    { seen, orNothing }: { seen?: Seen; orNothing?: true } = {},
  ): Job | null {
    // A step copies the job: what is still the same needn't be saved again.
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

  /** Events with all that has changed of the jobs, in one transaction. */
  recordWith(jobs: Readonly<Record<string, Job>>, events: NewEvent[], now: Now): void {
    this.record(events, now, { jobs: this.#unsaved(jobs) });
  }

  /** All in one transaction; what has only progressed goes with the rest, or when it is time. */
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

/** What a crash may take back by a few seconds; a change of anything else is saved at once. */
const PROGRESS_ONLY: ReadonlySet<keyof Job> = new Set<keyof Job>(["progress", "learned"]);

function endOf({ state, progress }: Job, seen: Seen | undefined, now: Now): RunEnd {
  const { code, signal } = seen?.exit?.known ? seen.exit : { code: null, signal: null };
  return { at: now, code, signal, how: state.name, step: progress?.step ?? null };
}

/** Facts that differ, are new or are gone. */
function changed(a: Job, b: Job): (keyof Job)[] {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)] as (keyof Job)[]);
  return [...keys].filter((key) => a[key] !== b[key]);
}

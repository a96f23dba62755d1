/** What the tick has recorded, and how it hears that it was; the real one is in record/, tests bring faulty ones. */
import type { AuditEvent, NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { Sample } from "../model/machine.ts";
import type { Run } from "../model/run.ts";
import type { Now } from "../model/time.ts";

/** How a run ended, for the table of runs. */
export interface RunEnd {
  at: Now;
  code: number | null;
  signal: string | null;
  how: string;
  step: number | null;
}

/** What events have changed: written with them in one transaction, so that no crash comes between. */
export interface Change {
  jobs: Job[];
  started?: { job: string; run: Run };
  ended?: { run: Run; end: RunEnd };
  /** When it can't be written now, it must not be written later either: what it announces won't be done. */
  orNothing?: true;
}

export interface Journal {
  /** Why nothing can be written now, as a sentence for people; null when all is well. */
  readonly problem: string | null;
  /** Appends in one transaction. `ok: false` (disk full, locked): kept in memory and retried first next time. */
  append(
    events: NewEvent[],
    now: Now,
    change?: Change,
  ): { ok: true; events: AuditEvent[] } | { ok: false; reason: string };
  /** Upserts what is needed to go on after a crash. */
  saveJob(job: Job): { ok: true } | { ok: false; reason: string };
  loadJobs(): Job[];
  startRun(job: string, run: Run): void;
  endRun(run: Run, end: RunEnd): void;
  addSample(sample: Sample): void;
  /** Newest last. */
  tail(count: number): AuditEvent[];
  close(): void;
}

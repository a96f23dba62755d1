/** Where the tick records events and jobs. The real one is in record/; tests supply faulty ones. */
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

/** What the events have changed. Written in their transaction, so that no crash separates them. */
export interface Change {
  jobs: Job[];
  /** Names of jobs that are no more. */
  removed?: string[];
  started?: { job: string; run: Run };
  ended?: { run: Run; end: RunEnd };
  /** If it can't be written now, it must never be: what it announces won't be done. */
  orNothing?: true;
}

/** `events`: all that was written, including what had waited. */
export type Appended = { ok: true; events: AuditEvent[] } | { ok: false; problem: string };

export interface Journal {
  /** Why nothing can be written now, as a sentence for the user; null when all is well. */
  readonly problem: string | null;
  /** Appends in one transaction. `ok: false` (disk full, locked): kept in memory and written first next time. */
  append(events: NewEvent[], now: Now, change?: Change): Appended;
  loadJobs(): Job[];
  addSample(sample: Sample): void;
  /** Newest last. */
  tail(count: number): AuditEvent[];
  close(): void;
}

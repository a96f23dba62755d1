/**
 * What waits to be written, in order. Bounded: when writing fails for too long, the newest events are
 * counted instead of kept, and the oldest samples go. Never writes by itself and never commits.
 */
import { wallMs } from "../clock.ts";
import type { AuditEvent, NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { Sample } from "../model/machine.ts";
import type { Now } from "../model/time.ts";
import type { Change } from "../ports/journal.ts";
import { draftEvent, type EventDraft, eventOf } from "./audit/event-row.ts";
import { packSample } from "./sample-row.ts";
import type { Writes } from "./writes.ts";

const MOST_ENTRIES = 10_000;
const MOST_SAMPLES = 600;

type Entry = { event: NewEvent; draft: EventDraft } | { write: (writes: Writes) => void };
/** Null: it is no more. */
type JobRows = Map<string, { state: string; json: string } | null>;

/** A state of the backlog to go back to. */
export interface Mark {
  entries: number;
  dropped: number;
  jobs: JobRows;
}

export class Backlog {
  #entries: Entry[] = [];
  /** Events that were not kept. */
  #dropped = 0;
  /** Apart from the entries: only the newest state of each job counts. */
  #jobs: JobRows = new Map();
  #samples: { wallMs: number; data: string }[] = [];
  #oldestSampleMs: number | null = null;

  /** True when something besides samples waits. */
  get isUrgent(): boolean {
    return this.#entries.length > 0 || this.#jobs.size > 0;
  }

  get hasSamples(): boolean {
    return this.#samples.length > 0;
  }

  add(events: NewEvent[], now: Now, { started, ended, jobs = [], removed = [] }: Partial<Change> = {}): void {
    for (const event of events) this.#enter({ event, draft: draftEvent(event, now.wallMs) });
    if (started) this.#enter({ write: (writes) => writes.runStarted(started.job, started.run) });
    if (ended) this.#enter({ write: (writes) => writes.runEnded(ended.run, ended.end) });
    for (const job of jobs) this.#setJob(job);
    for (const name of removed) this.#jobs.set(name, null);
  }

  /** Returns how long samples have waited, in ms. */
  addSample(sample: Sample): number {
    const { wallMs, monotonicMs } = sample.at;
    this.#samples.push({ wallMs, data: packSample(sample) });
    this.#oldestSampleMs ??= monotonicMs;
    return monotonicMs - this.#oldestSampleMs;
  }

  mark(): Mark {
    return { entries: this.#entries.length, dropped: this.#dropped, jobs: new Map(this.#jobs) };
  }

  /** Takes out what was added since `mark`; samples stay. Only while nothing was cleared in between. */
  withdraw({ entries, dropped, jobs }: Mark): void {
    this.#entries.length = entries;
    this.#dropped = dropped;
    this.#jobs = jobs;
  }

  /** Writes all of it, inside the caller's transaction. Call `clear` once that is committed. */
  write(writes: Writes): AuditEvent[] {
    const events: AuditEvent[] = [];
    for (const entry of this.#entries) {
      if ("write" in entry) entry.write(writes);
      else {
        const { id, at, hash } = writes.event(entry.draft);
        events.push({ ...entry.event, id, at, hash });
      }
    }
    if (this.#dropped > 0) events.push(eventOf(writes.event(droppedDraft(this.#dropped))));
    for (const [name, row] of this.#jobs)
      if (row === null) writes.jobRemoved(name);
      else writes.job(name, row.state, row.json);
    for (const { wallMs, data } of this.#samples) writes.sample(wallMs, data);
    return events;
  }

  clear(): void {
    this.#entries = [];
    this.#dropped = 0;
    this.#jobs = new Map();
    this.#samples = [];
    this.#oldestSampleMs = null;
  }

  /** After a failed write: keeps the newest samples only. */
  trimSamples(): void {
    this.#samples.splice(0, Math.max(0, this.#samples.length - MOST_SAMPLES));
  }

  #enter(entry: Entry): void {
    if (this.#entries.length < MOST_ENTRIES) this.#entries.push(entry);
    else if ("event" in entry) this.#dropped++;
  }

  #setJob(job: Job): void {
    this.#jobs.set(job.name, { state: job.state.name, json: JSON.stringify(job) });
  }
}

function droppedDraft(count: number): EventDraft {
  const reason = `The audit log couldn't be written for so long that ${count} events were not kept.`;
  return draftEvent(
    { kind: "supervisor.recovered", job: null, run: null, actor: "supervisor", reason },
    wallMs(),
  );
}

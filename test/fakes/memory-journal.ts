/** Journals without a file, for tests of everything that needs one: a whole one, and one that fails. */
import type { AuditEvent, NewEvent } from "../../src/model/event.ts";
import type { Job } from "../../src/model/job.ts";
import type { Sample } from "../../src/model/machine.ts";
import type { Run } from "../../src/model/run.ts";
import type { Now } from "../../src/model/time.ts";
import type { Journal, RunEnd } from "../../src/ports/journal.ts";
import { chainHash, GENESIS } from "../../src/record/audit/chain.ts";
import { draftEvent } from "../../src/record/audit/event-row.ts";

export interface RecordedRun {
  job: string;
  run: Run;
  end: RunEnd | null;
}

export interface MemoryJournal extends Journal {
  events: AuditEvent[];
  jobs: Map<string, Job>;
  runs: RecordedRun[];
  samples: Sample[];
}

/** Keeps everything, and behaves as the real one does while its disk is well. */
export function createMemoryJournal(): MemoryJournal {
  const events: AuditEvent[] = [];
  const jobs = new Map<string, Job>();
  const runs: RecordedRun[] = [];
  const samples: Sample[] = [];
  return {
    events,
    jobs,
    runs,
    samples,
    problem: null,
    append(added, now, change) {
      const written: AuditEvent[] = [];
      const { started, ended } = change ?? {};
      if (started) runs.push({ ...structuredClone(started), end: null });
      for (const known of runs) if (known.run.id === ended?.run.id) known.end = ended.end;
      for (const job of change?.jobs ?? []) jobs.set(job.name, structuredClone(job));
      for (const name of change?.removed ?? []) jobs.delete(name);
      for (const event of added) {
        const next = chained(event, now, events.at(-1));
        events.push(next);
        written.push(next);
      }
      return { ok: true, events: written };
    },
    loadJobs: () =>
      [...jobs.values()].map((job) => structuredClone(job)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    addSample: (sample) => void samples.push(sample),
    tail: (count) => events.slice(-count),
    close() {},
  };
}

export interface FailingJournal extends MemoryJournal {
  /** While set, nothing can be written; what is appended is held. */
  failing: string | null;
  /** Events that wait. */
  held: { event: NewEvent; now: Now }[];
}

/** Fails until `failing` is set to null; then the next append writes what was held first. */
export function createFailingJournal(reason = "database or disk is full"): FailingJournal {
  const whole = createMemoryJournal();
  const journal: FailingJournal = {
    ...whole,
    failing: reason,
    get problem() {
      return journal.failing;
    },
    held: [],
    append(added, now, change) {
      if (journal.failing !== null && change?.orNothing) return { ok: false, problem: journal.failing };
      for (const event of added) journal.held.push({ event, now });
      if (journal.failing !== null) return { ok: false, problem: journal.failing };
      whole.append([], now, change);
      const written: AuditEvent[] = [];
      for (const one of journal.held.splice(0)) {
        const result = whole.append([one.event], one.now);
        if (result.ok) written.push(...result.events);
      }
      return { ok: true, events: written };
    },
  };
  return journal;
}

function chained(event: NewEvent, now: Now, before: AuditEvent | undefined): AuditEvent {
  const draft = draftEvent(event, now.wallMs);
  const id = (before?.id ?? 0) + 1;
  return {
    ...structuredClone(event),
    id,
    at: draft.at,
    hash: chainHash(before?.hash ?? GENESIS, { id, ...draft }),
  };
}

/**
 * The journal that outlives everything: events, jobs, runs and samples in SQLite. What can't be
 * written now is held in memory, in order, and written first as soon as that works again. Writing
 * never throws, never waits longer than BUSY_MS and never syncs on the caller's thread.
 */
import { realpathSync } from "node:fs";
import { wallMs } from "../clock.ts";
import type { AuditEvent, NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { Now } from "../model/time.ts";
import type { Change, Journal } from "../ports/journal.ts";
import { draftEvent, type EventDraft, type EventRow, eventOf } from "./audit/event-row.ts";
import { errorText } from "./database/database-error.ts";
import { BUSY_MS, openDatabase } from "./database/open.ts";
import { WalSync } from "./database/wal-sync.ts";
import { jobOf } from "./job-row.ts";
import { packSample } from "./sample-row.ts";
import { upkeepTimes } from "./upkeep/start-upkeep.ts";
import type { Retention } from "./upkeep/thin-samples.ts";
import { Writes } from "./writes.ts";

/** Samples are written together this often, or together with whatever else is written. */
const SAMPLES_EVERY_MS = 10_000;
const MOST_HELD = 10_000;
const MOST_SAMPLES_HELD = 600;

export interface RecordJournal extends Journal {
  /** Where a corrupt database was set aside; the first event should name it. */
  readonly setAside: string | null;
  /** The copy made before the schema was brought up to date. */
  readonly backup: string | null;
  /** What a person should know now: writing, syncing or housekeeping fails. Null when all is well. */
  readonly trouble: string | null;
  /** For a config that changed while running. */
  retain(retention: Retention): void;
}

/** Something that waits to be written. Jobs are apart: only the newest state of each counts. */
type Held = { event: NewEvent; draft: EventDraft } | { write: () => void };
type Flushed = { ok: true } | { ok: false; reason: string };

/** Opens or creates the database at `path`. Throws DatabaseError; hold the lock (lock.ts) before. */
export function createJournal(path: string, options: { retention: Retention }): RecordJournal {
  const { db, setAside, backup } = openDatabase(path);
  const writes = new Writes(db);
  const newestFirst = db.prepare("SELECT * FROM events ORDER BY id DESC LIMIT ?");
  const allJobs = db.prepare("SELECT job FROM jobs ORDER BY name").pluck();
  const file = realpathSync(path); // SQLite puts the WAL beside the file that a link leads to
  const sync = new WalSync(file);
  const upkeep = upkeepTimes(file, options.retention);

  let held: Held[] = [];
  let refused = 0;
  /** Written by something else than an append, which alone tells of events. */
  let untold: AuditEvent[] = [];
  let samples: { wallMs: number; data: string }[] = [];
  let samplesSinceMs: number | null = null;
  const jobs = new Map<string, { state: string; json: string }>();
  let problem: string | null = null;

  const writeAll = db.transaction((): AuditEvent[] => {
    const events: AuditEvent[] = [];
    for (const one of held) {
      if ("write" in one) one.write();
      else {
        const { id, at, hash } = writes.event(one.draft);
        events.push({ ...one.event, id, at, hash });
      }
    }
    if (refused > 0) events.push(eventOf(writes.event(refusedDraft(refused, wallMs()))));
    for (const [name, { state, json }] of jobs) writes.job(name, state, json);
    for (const { wallMs, data } of samples) writes.sample(wallMs, data);
    return events;
  });

  /** Everything that waits, in one transaction. */
  const flush = (): Flushed => {
    try {
      untold.push(...writeAll.immediate());
      if (held.length > 0 || jobs.size > 0) sync.wrote();
      held = [];
      refused = 0;
      samples = [];
      samplesSinceMs = null;
      jobs.clear();
      if (problem !== null) db.pragma(`busy_timeout = ${BUSY_MS}`);
      problem = null;
      return { ok: true };
    } catch (error) {
      writes.forget();
      // Having waited once is enough: a lock that stays must not cost every later write its wait.
      if (problem === null && db.open) db.pragma("busy_timeout = 0");
      problem = unwritable(error);
      if (samples.length > MOST_SAMPLES_HELD) samples.splice(0, samples.length - MOST_SAMPLES_HELD);
      return { ok: false, reason: problem };
    }
  };
  const hold = (one: Held): void => {
    if (held.length < MOST_HELD) held.push(one);
    else if ("event" in one) refused++;
  };

  const holdJob = (job: Job): void =>
    void jobs.set(job.name, { state: job.state.name, json: JSON.stringify(job) });
  const withdraw = (before: { held: number; refused: number; jobs: typeof jobs }): void => {
    held.length = before.held;
    refused = before.refused;
    jobs.clear();
    for (const [name, job] of before.jobs) jobs.set(name, job);
  };

  return {
    setAside,
    backup,
    get problem() {
      return problem;
    },
    get trouble() {
      // One cause may fail them all.
      return problem ?? sync.trouble ?? upkeep.trouble;
    },
    retain: upkeep.retain,
    append(events: NewEvent[], now: Now, change?: Change) {
      const before = { held: held.length, refused, jobs: new Map(jobs) };
      for (const event of events) hold({ event, draft: draftEvent(event, now.wallMs) });
      const { started, ended } = change ?? {};
      if (started) hold({ write: () => writes.runStarted(started.job, started.run) });
      if (ended) hold({ write: () => writes.runEnded(ended.run, ended.end) });
      for (const job of change?.jobs ?? []) holdJob(job);
      // Only what is really written proves that writing works again.
      if (held.length > 0 || jobs.size > 0 || (problem !== null && samples.length > 0)) {
        const flushed = flush();
        if (!flushed.ok) {
          if (change?.orNothing) withdraw(before);
          return flushed;
        }
      }
      const told = untold;
      untold = [];
      return { ok: true, events: told };
    },
    saveJob(job: Job) {
      holdJob(job);
      return flush();
    },
    loadJobs: () => (allJobs.all() as string[]).map(jobOf),
    startRun(job, run) {
      hold({ write: () => writes.runStarted(job, run) });
      flush();
    },
    endRun(run, end) {
      hold({ write: () => writes.runEnded(run, end) });
      flush();
    },
    addSample(sample) {
      samples.push({ wallMs: sample.at.wallMs, data: packSample(sample) });
      samplesSinceMs ??= sample.at.monotonicMs;
      if (sample.at.monotonicMs - samplesSinceMs >= SAMPLES_EVERY_MS) flush();
      upkeep.maybe(sample.at, sync.bytes);
    },
    tail: (count) => (newestFirst.all(count) as EventRow[]).reverse().map(eventOf),
    close() {
      if (!db.open) return;
      flush();
      upkeep.close();
      sync.close();
      db.close();
    },
  };
}

const unwritable = (error: unknown): string =>
  `The audit log can't be written: ${errorText(error)}. Its events are kept until it can be, and no job is started meanwhile.`;

function refusedDraft(count: number, wallMs: number): EventDraft {
  const reason = `The audit log couldn't be written for so long that ${count} events were not kept.`;
  return draftEvent(
    { kind: "supervisor.recovered", job: null, run: null, actor: "supervisor", reason },
    wallMs,
  );
}

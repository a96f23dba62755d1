/**
 * The journal that survives crashes: events, jobs, runs and samples in SQLite. What can't be written
 * now waits in the backlog and is written first once writing works again. Writing never throws, never
 * waits longer than BUSY_MS and never syncs on the caller's thread.
 */
import { wallMs } from "../clock.ts";
import type { Looked } from "../files/file-identity.ts";
import type { AuditEvent, NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import type { Sample } from "../model/machine.ts";
import type { Now } from "../model/time.ts";
import type { Appended, Change, Journal } from "../ports/journal.ts";
import { type EventRow, eventOf } from "./audit/event-row.ts";
import { Backlog } from "./backlog.ts";
import { Connection } from "./connection.ts";
import { DatabaseError, errorText, isOfTheDisk } from "./database/database-error.ts";
import { BUSY_MS, type Opened, openDatabase } from "./database/open.ts";
import { writeAgain } from "./database/write-again.ts";
import { jobOf } from "./upgrade-job-row.ts";
import { UpkeepSchedule } from "./upkeep/start-upkeep.ts";
import type { Retention } from "./upkeep/thin-samples.ts";

/** At its end, when no tick waits any more. */
const LAST_BUSY_MS = 5000;
/** Samples are written together this often, or with whatever else is written. */
const SAMPLES_EVERY_MS = 10_000;

export interface RecordJournal extends Journal {
  /** Where a corrupt database was set aside; the first event should name it. */
  readonly setAside: string | null;
  /** The copy made before the schema was brought up to date. */
  readonly backup: string | null;
  /** The database was made just now. */
  readonly isNew: boolean;
  /** What the user should know: writing, syncing or housekeeping fails. Empty when all is well. */
  readonly problems: string[];
  /**
   * The last try to write what waits; waits up to LAST_BUSY_MS for a lock. Returns a sentence that says what is lost
   * with this process, or null.
   */
  writeAll(): string | null;
  /** Puts a changed retention in force. */
  retain(retention: Retention): void;
  /** Writes the database again under its name where its files were removed or replaced. */
  look(): Promise<Looked>;
}

/** Opens or creates the database at `path`. Throws DatabaseError. Hold the lock (lock.ts) first. */
export function createJournal(path: string, options: { retention: Retention }): RecordJournal {
  return new SqliteJournal(path, openDatabase(path), options.retention);
}

class SqliteJournal implements RecordJournal {
  readonly setAside: string | null;
  readonly backup: string | null;
  readonly isNew: boolean;
  readonly #path: string;
  #open: Connection;
  readonly #upkeep: UpkeepSchedule;
  readonly #backlog = new Backlog();
  /** Events that were written by something other than an append, which alone announces events. */
  #unannounced: AuditEvent[] = [];
  /** What the system said when writing failed last; null while it works. */
  #why: string | null = null;
  /** Why the database has no name; what is written goes with this process then. */
  #nameless: string | null = null;

  constructor(path: string, { db, setAside, backup, isNew }: Opened, retention: Retention) {
    this.setAside = setAside;
    this.backup = backup;
    this.isNew = isNew;
    this.#path = path;
    this.#open = new Connection(db, path);
    this.#upkeep = new UpkeepSchedule(this.#open.file, retention);
  }

  get problem(): string | null {
    return this.#unwritable ?? this.#nameless;
  }

  get #unwritable(): string | null {
    return this.#why === null ? null : unwritable(this.#why);
  }

  get problems(): string[] {
    // One cause may fail all three: the first says it.
    const first = this.#unwritable ?? this.#open.sync.problem ?? this.#upkeep.problem;
    return first === null ? [] : [first];
  }

  retain(retention: Retention): void {
    this.#upkeep.retain(retention);
  }

  append(events: NewEvent[], now: Now, change?: Change): Appended {
    const before = change?.orNothing ? this.#backlog.mark() : null;
    this.#backlog.add(events, now, change);
    // Only a real write proves that writing works again.
    const retrySamples = this.#why !== null && this.#backlog.hasSamples;
    if ((this.#backlog.isUrgent || retrySamples) && !this.#flush()) {
      if (before !== null) this.#backlog.withdraw(before);
      return { ok: false, problem: this.#unwritable ?? "" };
    }
    const announced = this.#unannounced;
    this.#unannounced = [];
    return { ok: true, events: announced };
  }

  loadJobs(): Job[] {
    return (this.#open.allJobs.all() as string[]).map(jobOf);
  }

  addSample(sample: Sample): void {
    if (this.#backlog.addSample(sample) >= SAMPLES_EVERY_MS) this.#flush();
    this.#upkeep.startIfDue(sample.at, () => this.#open.sync.bytes());
  }

  tail(count: number): AuditEvent[] {
    return (this.#open.newestFirst.all(count) as EventRow[]).reverse().map(eventOf);
  }

  writeAll(): string | null {
    if (this.#open.db.open) this.#open.db.pragma(`busy_timeout = ${LAST_BUSY_MS}`);
    if (!this.#flush() && this.#backlog.isUrgent) {
      // What is told as lost isn't written afterwards.
      this.#backlog.clear();
      return lost(this.#path, this.#why ?? "");
    }
    return this.#open.isThere
      ? null
      : `The database ${this.#path} was removed: everything in it is lost when this supervisor ends.`;
  }

  close(): void {
    if (!this.#open.db.open) return;
    this.#flush();
    this.#upkeep.close();
    this.#open.close();
  }

  async look(): Promise<Looked> {
    if (this.#open.isThere) {
      this.#nameless = null;
      return "as it was";
    }
    const { file } = this.#open;
    try {
      const setAside = this.#open.db.open ? await writeAgain(this.#open, wallMs()) : null;
      this.#open = new Connection(openDatabase(this.#path).db, this.#path);
      this.#nameless = null;
      const other = setAside === null ? "" : ` (what had its name is now ${setAside})`;
      return { again: `the database ${file}${other}` };
    } catch (error) {
      if (!isOfTheDisk(error) && !(error instanceof DatabaseError)) throw error;
      this.#nameless = `The database ${file} was removed and can't be written again: ${errorText(error)}. No job is started meanwhile.`;
      return { problem: this.#nameless };
    }
  }

  /** Writes the whole backlog in one transaction. False when it can't; `#why` says why. */
  #flush(): boolean {
    try {
      const { db, writes } = this.#open;
      this.#unannounced.push(...db.transaction(() => this.#backlog.write(writes)).immediate());
    } catch (error) {
      this.#failed(error);
      return false;
    }
    if (this.#backlog.isUrgent) this.#open.sync.wrote();
    this.#backlog.clear();
    if (this.#why !== null) this.#open.db.pragma(`busy_timeout = ${BUSY_MS}`);
    this.#why = null;
    return true;
  }

  #failed(error: unknown): void {
    this.#open.writes.forget();
    // Waiting once is enough: a lock that stays must not delay every later write.
    if (this.#open.db.open) this.#open.db.pragma("busy_timeout = 0");
    this.#why = errorText(error);
    this.#backlog.trimSamples();
  }
}

const unwritable = (why: string): string =>
  `The audit log can't be written: ${why}. Its events are kept until it can be, and no job is started meanwhile.`;

const lost = (path: string, why: string): string =>
  `The last events couldn't be written to ${path} (${why}) and are lost: the next start sees the jobs as they were last recorded.`;

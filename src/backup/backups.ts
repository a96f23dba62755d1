/**
 * Has verified checkpoints copied to where `backup` says, and brought back when a job's own are gone: one
 * child at a time, its outcome handed on as a value. Must never hold up a tick or a pause; what fails is
 * tried again, ever more seldom.
 */
import { elapsedMs } from "../clock.ts";
import { isBackupLater, lacksRestored } from "../decide/starts/restore-wait.ts";
import { checkpointDirectory } from "../files/state-paths.ts";
import type { Job } from "../model/job.ts";
import type { Checkpoint } from "../model/run.ts";
import { isEnded } from "../model/state.ts";
import type { Copying } from "../model/why.ts";
import { Helper } from "../spawn/helper.ts";
import { duration } from "../words/duration.ts";
import type { Done, Order } from "./backup-child.ts";
import { ownerHere } from "./bucket-names.ts";
import { progressIn } from "./progress.ts";

const CHILD = new Helper("backup/backup-child", "no checkpoint is backed up or fetched from a backup");
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 600_000;

/** What came of one order. `of`: the checkpoint that was copied or brought back. */
export type BackupOutcome = { of: Checkpoint; verb: "upload" | "restore"; tookMs: number } & Done;

interface Parts {
  stateDirectory: string;
  project: string;
  /** Called once for each order that came to an end. */
  report: (job: string, outcome: BackupOutcome) => void;
  onBug: (bug: unknown) => void;
  /** As Bucket takes it. */
  silentMs?: number;
}

interface Trouble {
  verb: Order["verb"];
  reason: string;
  /** Monotonic. */
  notBeforeMs: number;
  waitMs: number;
}

export class Backups {
  readonly #parts: Parts;
  readonly #stop = new AbortController();
  readonly #troubles = new Map<string, Trouble>();
  /** By job: why older backups couldn't be removed after the last upload. */
  readonly #untidied = new Map<string, string>();
  #working: Promise<void> | null = null;
  #copying: { job: string; is: Copying } | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Starts what is due. Returns at once; cheap where no job has a backup. */
  look(jobs: Readonly<Record<string, Job>>): void {
    if (this.#working !== null || this.#stop.signal.aborted) return;
    for (const job of Object.values(jobs)) {
      if (job.spec.backup === undefined) continue;
      const next = this.#next(job);
      if (next === null || this.#isPutOff(job, next.verb)) continue;
      this.#working = this.#carryOut(job, next).catch(this.#parts.onBug);
      return;
    }
  }

  /** What the user should know now. */
  problems(jobs: Readonly<Record<string, Job>>): string[] {
    const untidied = [...this.#untidied].flatMap(([name, reason]) => {
      const job = jobs[name];
      // Each upload tries it again; a job that has ended has none to come.
      if (job?.spec.backup === undefined || isEnded(job.state.name)) return [];
      return `Older backups of ${name} can't be removed: ${reason}.`;
    });
    const troubles = [...this.#troubles].flatMap(([name, { verb, reason, notBeforeMs }]) => {
      const job = jobs[name];
      if (job === undefined) return [];
      const isDue = this.#next(job)?.verb === verb;
      // While a later one is in its backup alone, nothing is copied there.
      if (!isDue && (verb === "upload" || !isBackupLater(job, job.checkpoint))) return [];
      const again = isDue
        ? `in ${duration(Math.max(0, notBeforeMs - elapsedMs()))}`
        : "before its next start";
      const what =
        verb === "upload"
          ? `The checkpoints of ${name} aren't backed up`
          : `The checkpoint of ${name} can't be fetched from its backup`;
      return [`${what}: ${reason}. It is tried again ${again}.`];
    });
    return [...untidied, ...troubles];
  }

  /** How far the copy of a job's checkpoint is; null while none is known to move. */
  copyingOf = (job: string): Copying | null => (this.#copying?.job === job ? this.#copying.is : null);

  /** Ends a child under way; the next supervisor goes on where it was. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  #next(job: Job): Order | null {
    const { backup } = job.spec;
    if (backup === undefined) return null;
    const { project, stateDirectory, silentMs } = this.#parts;
    const common = { backup, job: job.name, silentMs };
    if (lacksRestored(job)) {
      const step = job.backedUp?.step ?? 0;
      return { ...common, verb: "restore", step, directory: checkpointDirectory(stateDirectory, job.name) };
    }
    const { checkpoint, backedUp } = job;
    // Nothing earlier takes the place of what is later.
    if (isBackupLater(job, checkpoint)) return null;
    // The upload itself compares every byte with the manifest.
    if (checkpoint === null || checkpoint.verified === "size and age only") return null;
    if (backedUp?.path === checkpoint.path && backedUp.createdAtMs === checkpoint.createdAtMs) return null;
    return { ...common, verb: "upload", path: checkpoint.path, owner: ownerHere(project, job.name) };
  }

  async #carryOut(job: Job, order: Order): Promise<void> {
    const begun = elapsedMs();
    const of = order.verb === "restore" ? job.backedUp : job.checkpoint;
    const { verb } = order;
    const ended = await CHILD.run([], {
      input: JSON.stringify(order),
      signal: this.#stop.signal,
      onLine: (line) => {
        const progress = progressIn(line);
        if (progress !== null) this.#copying = { job: job.name, is: { verb, ...progress } };
      },
    });
    this.#working = null;
    this.#copying = null;
    if (this.#stop.signal.aborted || of === null || of === undefined) return;
    const done: Done = ended.ok
      ? (JSON.parse(ended.stdout.slice(ended.stdout.lastIndexOf("\n") + 1)) as Done)
      : { ok: false, reason: ended.reason, final: false };
    if (!done.ok) this.#putOff(job, verb, done.reason);
    else {
      this.#troubles.delete(job.name);
      if (verb === "upload") this.#noteUntidied(job.name, done.untidied);
    }
    this.#parts.report(job.name, { of, verb, tookMs: elapsedMs() - begun, ...done });
  }

  #noteUntidied(job: string, untidied: string | undefined): void {
    if (untidied === undefined) this.#untidied.delete(job);
    else this.#untidied.set(job, untidied);
  }

  /** The first try to fetch one, before each start, waits for none before it. */
  #troubleOf(job: Job, verb: Order["verb"]): Trouble | undefined {
    const trouble = this.#troubles.get(job.name);
    const isFirst = verb === "restore" && job.restoring === undefined;
    return trouble?.verb === verb && !isFirst ? trouble : undefined;
  }

  #isPutOff = (job: Job, verb: Order["verb"]): boolean =>
    elapsedMs() < (this.#troubleOf(job, verb)?.notBeforeMs ?? 0);

  #putOff(job: Job, verb: Order["verb"], reason: string): void {
    const before = this.#troubleOf(job, verb);
    const waitMs = before === undefined ? FIRST_RETRY_MS : Math.min(LONGEST_RETRY_MS, before.waitMs * 2);
    this.#troubles.set(job.name, { verb, reason, waitMs, notBeforeMs: elapsedMs() + waitMs });
  }
}

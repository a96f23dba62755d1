/** The journal's write statements. Each must run inside a transaction; none commits. */
import type { Database, Statement } from "better-sqlite3";
import { wallMs } from "../clock.ts";
import type { Run } from "../model/run.ts";
import type { RunEnd } from "../ports/journal.ts";
import { chainHash, GENESIS } from "./audit/chain.ts";
import type { EventDraft, EventRow } from "./audit/event-row.ts";
import { SHAPE } from "./sample-row.ts";

const INSERT_EVENT =
  "INSERT INTO events VALUES (@id, @at, @at_ms, @kind, @job, @run, @actor, @reason, @evidence, @outcome, @hash)";
const UPSERT_JOB = `INSERT INTO jobs VALUES (?, ?, ?, ?) ON CONFLICT (name)
  DO UPDATE SET state = excluded.state, job = excluded.job, updated_ms = excluded.updated_ms`;
const REMOVE_JOB = "DELETE FROM jobs WHERE name = ?";
/** In a column that can't be null. */
export const UNKNOWN_STEP = -1;

const INSERT_RUN = `INSERT INTO runs (id, job, number, started_ms, boot_id, resumed_from, resumed_at_step, gpus)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;
const END_RUN = "UPDATE runs SET ended_ms = ?, how = ?, code = ?, signal = ?, step = ? WHERE id = ?";
const SHAPE_NAMES = JSON.stringify(SHAPE);

interface Tip {
  id: number;
  hash: string;
}

export class Writes {
  readonly #newest: Statement;
  readonly #insertEvent: Statement;
  readonly #upsertJob: Statement;
  readonly #removeJob: Statement;
  readonly #insertRun: Statement;
  readonly #endRun: Statement;
  readonly #insertSample: Statement;
  readonly #shapeId: Statement;
  readonly #insertShape: Statement;
  /** The end of the log; null until first needed. */
  #tip: Tip | null = null;
  #shape: number | bigint | null = null;

  constructor(db: Database) {
    this.#newest = db.prepare("SELECT id, hash FROM events ORDER BY id DESC LIMIT 1");
    this.#insertEvent = db.prepare(INSERT_EVENT);
    this.#upsertJob = db.prepare(UPSERT_JOB);
    this.#removeJob = db.prepare(REMOVE_JOB);
    this.#insertRun = db.prepare(INSERT_RUN);
    this.#endRun = db.prepare(END_RUN);
    this.#insertSample = db.prepare("INSERT OR REPLACE INTO samples VALUES (?, ?, ?)");
    this.#shapeId = db.prepare("SELECT id FROM sample_shapes WHERE names = ?").pluck();
    this.#insertShape = db.prepare("INSERT INTO sample_shapes (names) VALUES (?)");
  }

  /** Gives the event its place at the end of the chain. */
  event(draft: EventDraft): EventRow {
    this.#tip ??= (this.#newest.get() as Tip | undefined) ?? { id: 0, hash: GENESIS };
    const placed = { id: this.#tip.id + 1, ...draft };
    const row = { ...placed, hash: chainHash(this.#tip.hash, placed) };
    this.#insertEvent.run(row);
    this.#tip = { id: row.id, hash: row.hash };
    return row;
  }

  job(name: string, state: string, json: string): void {
    this.#upsertJob.run(name, state, json, Math.round(wallMs()));
  }

  jobRemoved(name: string): void {
    this.#removeJob.run(name);
  }

  runStarted(job: string, run: Run): void {
    const { id, number, startedAt, bootId, resumedFrom } = run;
    const step = whole(run.resumedAtStep) ?? UNKNOWN_STEP;
    const gpus = JSON.stringify(run.gpus);
    this.#insertRun.run(id, job, number, Math.round(startedAt.wallMs), bootId, resumedFrom, step, gpus);
  }

  runEnded(run: Run, { at, how, code, signal, step }: RunEnd): void {
    this.#endRun.run(Math.round(at.wallMs), how, code, signal, whole(step), run.id);
  }

  sample(atMs: number, data: string): void {
    this.#shape ??=
      (this.#shapeId.get(SHAPE_NAMES) as number | undefined) ??
      this.#insertShape.run(SHAPE_NAMES).lastInsertRowid;
    this.#insertSample.run(Math.round(atMs), this.#shape, data);
  }

  /** Call after a rollback: the remembered end of the log may not exist. */
  forget(): void {
    this.#tip = null;
    this.#shape = null;
  }
}

/** Jobs may count steps in any unit; the column takes integers only. */
function whole(step: number | null): number | null {
  return step !== null && Number.isSafeInteger(Math.round(step)) ? Math.round(step) : null;
}

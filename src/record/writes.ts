/** The statements that the journal writes with. Each must run inside a transaction; none commits. */
import type { Database } from "better-sqlite3";
import { wallMs } from "../clock.ts";
import type { Run } from "../model.ts";
import type { RunEnd } from "../ports.ts";
import { chainHash, GENESIS } from "./chain.ts";
import type { EventDraft, EventRow } from "./event-row.ts";
import { SHAPE } from "./sample-row.ts";

export interface Writes {
  /** Gives the event its place at the end of the chain. */
  event(draft: EventDraft): EventRow;
  job(name: string, state: string, json: string): void;
  runStarted(job: string, run: Run): void;
  runEnded(run: Run, end: RunEnd): void;
  sample(wallMs: number, data: string): void;
  /** After a rollback: what was remembered of the end of the log may never have been. */
  forget(): void;
}

export function prepareWrites(db: Database): Writes {
  const newest = db.prepare("SELECT id, hash FROM events ORDER BY id DESC LIMIT 1");
  const insertEvent = db.prepare(
    `INSERT INTO events VALUES (@id, @at, @at_ms, @kind, @job, @run, @actor, @reason, @evidence, @outcome, @hash)`,
  );
  const upsertJob = db.prepare(
    `INSERT INTO jobs VALUES (?, ?, ?, ?) ON CONFLICT (name)
      DO UPDATE SET state = excluded.state, job = excluded.job, updated_ms = excluded.updated_ms`,
  );
  const insertRun = db.prepare(
    `INSERT INTO runs (id, job, number, started_ms, boot_id, resumed_from, resumed_at_step, gpus)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  );
  const endRun = db.prepare(
    "UPDATE runs SET ended_ms = ?, how = ?, code = ?, signal = ?, step = ? WHERE id = ?",
  );
  const insertSample = db.prepare("INSERT OR REPLACE INTO samples VALUES (?, ?, ?)");
  const names = JSON.stringify(SHAPE);
  const shapeId = db.prepare("SELECT id FROM sample_shapes WHERE names = ?").pluck();
  const insertShape = db.prepare("INSERT INTO sample_shapes (names) VALUES (?)");

  let tip: { id: number; hash: string } | null = null;
  let shape: number | bigint | null = null;

  return {
    event(draft) {
      tip ??= (newest.get() as { id: number; hash: string } | undefined) ?? { id: 0, hash: GENESIS };
      const placed = { id: tip.id + 1, ...draft };
      const row = { ...placed, hash: chainHash(tip.hash, placed) };
      insertEvent.run(row);
      tip = { id: row.id, hash: row.hash };
      return row;
    },
    job: (name, state, json) => void upsertJob.run(name, state, json, Math.round(wallMs())),
    runStarted(job, run) {
      const started = Math.round(run.startedAt.wallMs);
      const gpus = JSON.stringify(run.gpus);
      insertRun.run(
        run.id,
        job,
        run.number,
        started,
        run.bootId,
        run.resumedFrom,
        whole(run.resumedAtStep) ?? 0,
        gpus,
      );
    },
    runEnded(run, end) {
      endRun.run(Math.round(end.at.wallMs), end.how, end.code, end.signal, whole(end.step), run.id);
    },
    sample(wallMs, data) {
      shape ??= (shapeId.get(names) as number | undefined) ?? insertShape.run(names).lastInsertRowid;
      insertSample.run(Math.round(wallMs), shape, data);
    },
    forget() {
      tip = null;
      shape = null;
    },
  };
}

/** Steps come from jobs, who may count in anything; a column of integers takes nothing else. */
function whole(step: number | null): number | null {
  return step !== null && Number.isSafeInteger(Math.round(step)) ? Math.round(step) : null;
}

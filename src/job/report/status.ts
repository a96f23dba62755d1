/**
 * Writes rank-<n>.json: this process's identity and progress, and the last control sequence it has seen.
 * Renamed into place without fsync, because a status that costs a disk flush would stall training.
 * Must never throw: a full disk may cost the report, never the job.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { rankFile, stepOfName } from "../../contract/names.ts";
import { metricsIn, parseStatus, type StatusFile } from "../../contract/status.ts";
import { Rejected } from "../../contract/values.ts";
import type { Surroundings } from "../environment.ts";

const PROGRESS_EVERY_MS = 1000;

/** What a training loop may report about a step. Anything but finite numbers ≥ 0 (metrics: finite) is dropped. */
export interface Numbers {
  /** Reported as the metric `loss`. */
  loss?: number;
  /** Steps of the whole training, a whole number; gives the remaining time. */
  totalSteps?: number;
  /** Epochs completed, whole or fractional. */
  epoch?: number;
  /** At most 64, under names of at most 64 letters, digits, spaces and `_.:/%-`. */
  metrics?: Record<string, number>;
}

export class Status {
  readonly report: StatusFile;
  /** From an earlier process of this same run: its newest checkpoint. */
  readonly earlierCheckpoint: string | null;
  readonly #path: string;
  readonly #temporary: string;
  #lastWrite = Number.NEGATIVE_INFINITY;

  constructor(where: Surroundings) {
    const name = rankFile(where.rank);
    this.#path = join(where.statusDir, name);
    this.earlierCheckpoint = checkpointIn(this.#path, where.runId);
    this.#temporary = join(where.statusDir, `.${name}.${process.pid}`);
    this.report = {
      runId: where.runId,
      pid: process.pid,
      startTime: startTimeOf(process.pid),
      rank: where.rank,
      worldSize: where.worldSize,
      host: hostname(),
      state: "ready",
      sequence: 0,
      step: null,
      totalSteps: null,
      epoch: null,
      metrics: {},
      checkpoint: null,
      bytesSaved: 0,
      at: "",
    };
  }

  /** For changes that a reader waits for: a state, an acknowledgement, an error. */
  writeNow(): void {
    this.#lastWrite = performance.now();
    this.report.at = new Date().toISOString();
    try {
      writeFileSync(this.#temporary, `${JSON.stringify(this.report)}\n`);
      renameSync(this.#temporary, this.#path);
    } catch {
      // Rewritten at the next opportunity; the exit code and the checkpoint speak for themselves.
    }
  }

  /** @param step completed steps */
  progress(step: number, { loss, totalSteps, epoch, metrics }: Numbers): void {
    const { report } = this;
    report.step = step;
    if (totalSteps !== undefined) report.totalSteps = totalSteps;
    if (epoch !== undefined) report.epoch = epoch;
    if (metrics || loss !== undefined) {
      const all = loss === undefined ? { ...metrics } : { loss, ...metrics };
      report.metrics = metricsIn(all);
    }
    if (report.state !== "ready") {
      this.writeSometimes();
      return;
    }
    report.state = "running";
    this.writeNow();
  }

  /** At most once a second. */
  writeSometimes(): void {
    if (performance.now() - this.#lastWrite >= PROGRESS_EVERY_MS) this.writeNow();
  }
}

function checkpointIn(path: string, runId: string): string | null {
  try {
    const report = parseStatus(readFileSync(path));
    if (report instanceof Rejected || report.runId !== runId || report.checkpoint === null) return null;
    return stepOfName(report.checkpoint) === null ? null : report.checkpoint;
  } catch {
    return null;
  }
}

/**
 * Field 22 of /proc/PID/stat in clock ticks; with the pid it identifies one process for ever. Null for a process
 * that has ended, and on other systems.
 */
export function startTimeOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command (field 2) may hold spaces and brackets; everything after the last ")" is plain.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Where nobody reaps it, a process that has ended stays listed.
    if (fields[0] === "Z" || fields[0] === "X") return null;
    const ticks = Number(fields[19]);
    return Number.isFinite(ticks) ? ticks : null;
  } catch {
    return null;
  }
}

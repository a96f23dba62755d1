/**
 * What a run is, written beside its launcher before it starts: a supervisor whose database was set aside
 * recognises its live runs by it, and takes them back instead of starting a second copy. Never read for
 * a run that the database knows.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseControl } from "../../contract/control.ts";
import { CONTROL_FILE } from "../../contract/names.ts";
import { Rejected } from "../../contract/values.ts";
import { parkRecord, runRecord, statusDirectory } from "../../files/state-paths.ts";
import type { Away } from "../../model/park.ts";
import type { Run } from "../../model/run.ts";
import { readParkRecord } from "../../park/park-record.ts";
import { bootId } from "../../sense/proc/boot-id.ts";

export interface RunRecord {
  job: string;
  run: Run;
  /** The program whose VRAM may be away, and what it held. */
  away?: Away;
  /** What its command was found to be, outside of a container. */
  program?: string;
}

/** Throws what the disk throws. */
export function writeRunRecord(stateDirectory: string, record: RunRecord): void {
  writeFileSync(runRecord(stateDirectory, record.run.id), `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** The run as launched, with what its files have told since. Null when incomplete, or of an earlier boot. */
export function readRunRecord(stateDirectory: string, runId: string): RunRecord | null {
  const record = readJson(runRecord(stateDirectory, runId)) as Partial<RunRecord> | null;
  const { job, run, program } = record ?? {};
  if (typeof job !== "string" || run?.id !== runId) return null;
  if (run.slurm === undefined && run.bootId !== bootId()) return null;
  const sequence = lastSequence(join(statusDirectory(stateDirectory, runId), CONTROL_FILE));
  const away = readParkRecord(parkRecord(stateDirectory, runId))?.program ?? run.park;
  return {
    job,
    run: sequence === null ? run : { ...run, sequence },
    ...(typeof program === "string" && { program }),
    ...(away && { away: { pid: away.pid, heldMiB: away.heldMiB } }),
  };
}

function lastSequence(path: string): number | null {
  try {
    const control = parseControl(readFileSync(path));
    return control instanceof Rejected ? null : control.sequence;
  } catch {
    return null;
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

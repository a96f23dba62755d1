/**
 * Lines of our own in a job's log, where each of its runs begins and ends: a launcher may write "FAILED" in red
 * after a pause that went well. Never keeps a run from starting or ending.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { logPath } from "../../files/state-paths.ts";
import type { Checkpoint, Run } from "../../model/run.ts";
import { number } from "../../words/number.ts";

/** Written to the open log that the run will write to. */
export function writeBegin(log: number, run: Pick<Run, "number">, from: Checkpoint | null): void {
  const at =
    from === null
      ? ""
      : from.step === null
        ? ` from ${basename(from.path)}`
        : ` at step ${number(from.step)}`;
  writeLine(log, `run ${run.number} begins${at}`, true);
}

export function writeEnd(stateDirectory: string, job: string, run: Pick<Run, "number">, ended: string): void {
  try {
    const log = openSync(
      logPath(stateDirectory, job),
      constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW,
    );
    try {
      writeLine(log, `run ${run.number} ended: ${ended}`, endsItsLine(log));
    } finally {
      closeSync(log);
    }
  } catch {
    // A log that is gone, or can't be written, holds no line.
  }
}

function writeLine(log: number, text: string, fresh: boolean): void {
  try {
    writeSync(log, `${fresh ? "" : "\n"}── ${text} ──\n`);
  } catch {
    // A full disk.
  }
}

function endsItsLine(log: number): boolean {
  const { size } = fstatSync(log);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(log, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
}

/**
 * Lines of our own in a job's log, where each of its runs begins and ends: a launcher may write "FAILED" in red
 * after a pause that went well. Never keeps a run from starting or ending.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { basename } from "node:path";
import { logPath } from "../../files/state-paths.ts";
import type { Checkpoint, Run } from "../../model/run.ts";
import { number } from "../../words/number.ts";

const ours = (text: string): string => `── ${text} ──`;

/** The launcher writes it to the log that the run will write to. */
export function beginLine(run: Pick<Run, "number">, from: Checkpoint | null): string {
  const at =
    from === null
      ? ""
      : from.step === null
        ? ` from ${basename(from.path)}`
        : ` at step ${number(from.step)}`;
  return ours(`run ${run.number} begins${at}`);
}

/** Of a line that `beginLine` has made: the run's number; null of any other. */
export const runBegunBy = (line: string): number | null => numberIn(/^── run (\d+) begins.* ──$/, line);

/** The same of a line that `writeEnd` has written. */
export const runEndedBy = (line: string): number | null => numberIn(/^── run (\d+) ended: .* ──$/, line);

function numberIn(pattern: RegExp, line: string): number | null {
  const found = pattern.exec(line);
  return found === null ? null : Number(found[1]);
}

export function writeEnd(stateDirectory: string, job: string, run: Pick<Run, "number">, ended: string): void {
  try {
    const log = openSync(
      logPath(stateDirectory, job),
      constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW,
    );
    try {
      writeSync(log, `${endsItsLine(log) ? "" : "\n"}${ours(`run ${run.number} ended: ${ended}`)}\n`);
    } finally {
      closeSync(log);
    }
  } catch {
    // A log that is gone, or can't be written, holds no line.
  }
}

function endsItsLine(log: number): boolean {
  const { size } = fstatSync(log);
  const last = Buffer.alloc(1);
  return size === 0 || (readSync(log, last, 0, 1, size - 1) === 1 && last[0] === 0x0a);
}

/**
 * How far a copy has come, told by the child that makes it as lines on its stdout, which its outcome ends.
 */
import { elapsedMs } from "../clock.ts";
import type { CopyProgress } from "../model/why.ts";

/** No more often than a tick shows it. */
const EVERY_MS = 1000;
const BEGIN = '{"progress":';

/**
 * Gives what is called with each progress; `say` gets the first, then one at most once a second. It has no
 * timer: nothing may be told after the outcome.
 */
export function telling(say: (line: string) => void): (progress: CopyProgress) => void {
  let nextMs = 0;
  return (progress) => {
    const nowMs = elapsedMs();
    if (nowMs < nextMs) return;
    nextMs = nowMs + EVERY_MS;
    say(JSON.stringify({ progress }));
  };
}

/** Null of the line that tells the outcome. */
export const progressIn = (line: string): CopyProgress | null =>
  line.startsWith(BEGIN) ? (JSON.parse(line).progress as CopyProgress) : null;

/**
 * How far a copy has come, told by the child that makes it as lines on its stdout, which its outcome ends.
 */
import type { CopyProgress } from "../model/why.ts";

/** No more often than a tick shows it. */
const EVERY_MS = 1000;
const BEGIN = '{"progress":';

/** Gives what is called with each progress; `say` gets the first, then the newest once a second. */
export function telling(say: (line: string) => void): (progress: CopyProgress) => void {
  let untold: CopyProgress | null = null;
  let timer: NodeJS.Timeout | null = null;
  const tell = (): void => {
    if (untold !== null) say(JSON.stringify({ progress: untold }));
    untold = null;
  };
  return (progress) => {
    untold = progress;
    if (timer !== null) return;
    tell();
    timer = setInterval(tell, EVERY_MS).unref();
  };
}

/** Null of the line that tells the outcome. */
export const progressIn = (line: string): CopyProgress | null =>
  line.startsWith(BEGIN) ? (JSON.parse(line).progress as CopyProgress) : null;

/** A log that is followed until its job has ended. */
import { say } from "../print.ts";
import { followLog } from "./follow-log.ts";
import type { JobEnd } from "./job-end.ts";
import type { LogLines } from "./log-lines.ts";
import type { Part } from "./log-parts.ts";
import type { LogShown } from "./show-log.ts";

export interface Following {
  job: string;
  path: string;
  /** Null: there is no log yet. */
  part: Part | null;
  before: Part | null;
  shown: LogShown;
  reader: LogLines;
}

/** Says how it ended. Without an `end` it never returns. */
export async function untilEnd(
  { job, path, part, before, shown, reader }: Following,
  end: JobEnd | null,
  quiet: boolean,
): Promise<void> {
  const isOver = (): boolean => (end?.outcome ?? null) !== null;
  await followLog({ path, part, before, looked: shown.unfinished, ended: isOver }, reader);
  reader.end();
  if (end?.outcome && !quiet) say(`${job}  ${end.outcome.text}`);
}

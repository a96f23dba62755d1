/** What a project that begins with an empty state directory has left in another one, and how to go on from it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import type { Places } from "../../config/places.ts";
import { projectName, tilde, USER } from "../../config/project.ts";
import { isGone } from "../../files/is-there.ts";
import { isRunning, recordedSupervisors, type SupervisorRecord } from "../../files/supervisors.ts";
import { list } from "../../words/list.ts";
import { leftInCommon } from "./settle-common.ts";

/**
 * Looks at `places` now, before a start makes anything there. Returns what reads the rest, which takes a file for each
 * supervisor that there has been: a sentence, or null.
 */
export function leftElsewhere(places: Places): () => string | null {
  const common = leftInCommon(places);
  const isNew = !existsSync(places.stateDirectory);
  return () => common ?? (isNew ? leftByMove(places) : null);
}

/** A config that was moved has another state directory by default; the earlier one names a path that is gone. */
function leftByMove({ file, project }: Places): string | null {
  if (file === null || project === USER) return null;
  const names = jobNames(file);
  for (const record of recordedSupervisors()) {
    if (record.project === USER || !isGone(record.project)) continue;
    const common = jobsIn(record.stateDirectory).filter((name) => names.includes(name));
    if (common.length > 0) return wayToTakeOver(record, common, project);
  }
  return null;
}

function wayToTakeOver(record: SupervisorRecord, jobs: string[], project: string): string {
  const { pid, stateDirectory } = record;
  const first = isRunning(record) ? `Its supervisor still runs: end it first with kill ${pid}. ` : "";
  const named = list(jobs.map((name) => `'${name}'`));
  return (
    `${projectName(project)} has a new state directory. What ${projectName(record.project)}, which is gone, knew of ${named} is in ` +
    `${tilde(stateDirectory)}. ${first}If that is the same project, moved: supervisor stop, set "stateDirectory" to ` +
    `${JSON.stringify(tilde(stateDirectory))} in the config, then supervisor start --adopt`
  );
}

/** Whatever can be read; `check` says what is wrong with the rest. */
function jobNames(file: string): string[] {
  try {
    const { jobs } = parse(readFileSync(file, "utf8"), [], { allowTrailingComma: true });
    return (jobs as { name: string }[]).map(({ name }) => name);
  } catch {
    return [];
  }
}

function jobsIn(stateDirectory: string): string[] {
  try {
    return readdirSync(join(stateDirectory, "jobs"));
  } catch {
    return [];
  }
}

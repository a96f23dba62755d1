/**
 * Earlier versions kept the state of every config in one common directory. Whoever used it last keeps
 * it, so that no job or checkpoint is lost by an upgrade; every other config gets a directory of its own
 * and is told where its earlier jobs are. Decided once, and recorded in that directory.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Places } from "../../config/places.ts";
import { projectName } from "../../config/project.ts";
import { homeFolder } from "../../files/home.ts";
import { commonStateDirectory, projectRecord } from "../../files/state-paths.ts";

interface Settled {
  project: string;
  /** Others that had jobs there before. */
  earlier: string[];
}

/** Call before a place is computed. Does nothing where there is nothing to decide, and never fails. */
export async function settleCommon(): Promise<void> {
  if (homeFolder() === null) return;
  const common = commonStateDirectory();
  const database = join(common, "supervisor.sqlite");
  if (existsSync(projectRecord(common)) || !existsSync(database)) return;
  try {
    const { projectsOf } = await import("../../record/last-project.ts");
    const used = [...projectsOf(database)];
    const last = used.at(-1);
    if (last === undefined) return;
    const settled: Settled = { project: last, earlier: [...new Set(used)].filter((one) => one !== last) };
    const fresh = `${projectRecord(common)}.${process.pid}`;
    writeFileSync(fresh, `${JSON.stringify(settled)}\n`, { mode: 0o600 });
    renameSync(fresh, projectRecord(common));
  } catch {
    // Unreadable now: the next command tries again, and until then it is the user's own.
  }
}

/** Where the earlier jobs of a project are that starts in a place of its own for the first time; else null. */
export function leftInCommon({ project, stateDirectory }: Places): string | null {
  if (homeFolder() === null) return null;
  const common = commonStateDirectory();
  if (stateDirectory === common || existsSync(join(stateDirectory, "supervisor.sqlite"))) return null;
  let settled: Settled;
  try {
    settled = JSON.parse(readFileSync(projectRecord(common), "utf8"));
  } catch {
    return null;
  }
  if (!settled.earlier?.includes(project)) return null;
  return (
    `Each config has a state directory of its own now: ${stateDirectory}. Earlier jobs of ${projectName(project)} ` +
    `are in ${common}, which stays with ${projectName(settled.project)}. To go on from a checkpoint of theirs, copy ` +
    `${join(common, "jobs", "NAME", "checkpoints")} to ${join(stateDirectory, "jobs", "NAME")}, then: supervisor start --adopt`
  );
}

/** The supervisor's own events in words: its start, its stop, a changed config. */

import type { Config } from "../config/schema/schema.ts";
import type { NewEvent } from "../model/event.ts";
import type { Job } from "../model/job.ts";
import { runOf } from "../model/state.ts";
import { list } from "../words/list.ts";

type Kind = "supervisor.started" | "supervisor.stopped" | "config.changed" | "config.rejected";

function own(kind: Kind, reason: string, evidence: Record<string, unknown>): NewEvent {
  return { kind, job: null, run: null, actor: "supervisor", reason, evidence };
}

/** What a supervisor finds of the log of those before it. */
export interface EarlierLog {
  /** Where a corrupt database was moved. */
  setAside: string | null;
  /** The database is new, although a supervisor has run for this state directory before. */
  isMissing: boolean;
}

export function started(config: Config, version: string, { setAside, isMissing }: EarlierLog): NewEvent {
  const source = config.file
    ? `with ${config.file}`
    : "with the built-in defaults, since there is no config file";
  const lost = setAside
    ? ` The database was corrupt; it was set aside as ${setAside} and a new one begun.`
    : isMissing
      ? " Its database is new, although a supervisor has run here before: what that one recorded isn't in it."
      : "";
  return own("supervisor.started", `Supervisor ${version} started ${source} (pid ${process.pid}).${lost}`, {
    config: config.file,
    project: config.project,
    pid: process.pid,
    setAside,
  });
}

export function stopped(jobs: Job[]): NewEvent {
  const left = jobs.filter((job) => runOf(job)).map((job) => `${job.name} (${job.state.name})`);
  const reason =
    left.length > 0
      ? `Supervisor stopped; left as they are: ${left.join(", ")}.`
      : "Supervisor stopped; no job is running.";
  return own("supervisor.stopped", reason, { left });
}

export function configChanged(file: string, kept: string[]): NewEvent {
  const note = kept.length > 0 ? ` ${list(kept)} can't change while it runs; restart for that.` : "";
  return own("config.changed", `${file} was changed and is in force.${note}`, {});
}

export function configRejected(file: string, problems: string[]): NewEvent {
  return own("config.rejected", `${file} was changed but has problems; the previous one stays in force.`, {
    problems,
  });
}

/** Whose jobs a database holds: the project that its last supervisor ran for. */
import { existsSync } from "node:fs";
import { projectOf } from "../config/project.ts";
import type { Evidence } from "../model/decision.ts";
import { readEvents } from "./read.ts";

/** The project of each start recorded in the database at `path`, oldest first. Throws DatabaseError. */
export function* projectsOf(path: string): Generator<string, void> {
  for (const { evidence } of readEvents(path, { kind: "supervisor.started" })) yield startedFor(evidence);
}

/** Null where nobody knows: a new database, one that can't be read, or whose oldest events were exported. */
export function lastProjectOf(path: string): string | null {
  if (!existsSync(path)) return null;
  try {
    for (const { evidence } of readEvents(path, { kind: "supervisor.started", limit: 1 }))
      return startedFor(evidence);
  } catch {
    // Opening it says why, and sets a corrupt one aside.
  }
  return null;
}

/** Earlier versions recorded the config file only. */
function startedFor(evidence: Evidence = {}): string {
  const { project, config } = evidence;
  if (typeof project === "string") return project;
  return projectOf(typeof config === "string" ? config : null);
}

/** The journal of a replay: keeps the decisions and writes nothing. */
import type { Journal } from "../ports/journal.ts";
import type { ReplayedDecision } from "./figures.ts";

const KINDS = ["pause.requested", "resume.requested", "job.started"];

/** Adds to `decisions`, oldest first. */
export const decisionsOf = (decisions: ReplayedDecision[]): Journal => ({
  problem: null,
  append(events, now) {
    for (const { kind, job, actor, reason } of events)
      if (job !== null && KINDS.includes(kind))
        decisions.push({ atMs: now.wallMs, kind, job, actor, reason });
    return { ok: true, events: [] };
  },
  loadJobs: () => [],
  addSample() {},
  tail: () => [],
  close() {},
});

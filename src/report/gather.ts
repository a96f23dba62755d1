/** What the database and the exported files tell of a period. Reads only. */
import type { Config } from "../config/schema/schema.ts";
import type { AuditEvent, EventKind } from "../model/event.ts";
import { isLive } from "../model/state.ts";
import { lastSampleMs, readJobs } from "../record/read.ts";
import { readHistory, unreadText } from "../record/read-history.ts";
import { sampleGaps } from "../record/sample-gaps.ts";
import type { Material } from "./report.ts";
import { sleepsIn } from "./sleeps.ts";
import { firstIndex } from "./sorted.ts";
import { MOVING_KINDS } from "./state-after.ts";
import { SILENCE_MS } from "./timeline.ts";

const KINDS: readonly EventKind[] = [...MOVING_KINDS, "rule.pressure", "rule.cleared", "checkpoint.rejected"];

/**
 * `config`: null where it can't be loaded; then every job that the database knows counts as present.
 * Throws DatabaseError.
 */
export function gather(
  database: string,
  { sinceMs, untilMs }: { sinceMs: number; untilMs: number },
  config: Pick<Config, "jobs"> | null,
): Material {
  const events: AuditEvent[] = [];
  const notes: string[] = [];
  for (const one of readHistory(database, KINDS, untilMs))
    if ("kind" in one) events.push(one);
    else notes.push(unreadText(one));
  const configured = new Set(config?.jobs.map(({ name }) => name));
  const jobs = readJobs(database).map(
    ({
      name,
      state: {
        name: state,
        since: { wallMs: since },
      },
      origin,
    }) => ({
      name,
      state,
      sinceMs: since,
      gone: config !== null && origin === "config" && !isLive(state) && !configured.has(name),
    }),
  );
  const times = events.map(({ at }) => Date.parse(at)).sort((a, b) => a - b);
  const gaps = sampleGaps(database, { sinceMs, untilMs, longerThanMs: SILENCE_MS });
  const sleeps = sleepsIn(gaps, times);
  return { events, jobs, sinceMs, untilMs, notes, sleeps, lastSignMs: lastSigns(database, times) };
}

/** Samples come every few seconds, but are dropped after some weeks; events stay. */
function lastSigns(database: string, times: readonly number[]): Material["lastSignMs"] {
  return (beforeMs) => {
    const event = times[firstIndex(times, (ms) => ms >= beforeMs) - 1];
    const sample = lastSampleMs(database, beforeMs);
    if (event === undefined) return sample;
    return Math.max(event, sample ?? event);
  };
}

/**
 * Were the "others" behind a pause really the job's own processes? Yes if they started after its run,
 * under the same user, and vanished together with its exit. The rule is then off for that job until a
 * person looks. A process that exits earlier, survives, has another uid or predates the run is someone
 * else's.
 */

import type { NewEvent } from "../../model/event.ts";
import type { Job } from "../../model/job.ts";
import type { ProcessEvidence, Sample } from "../../model/machine.ts";
import { runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import { processes as named } from "../../words/sentences/process.ts";
import { clockTime } from "../../words/time.ts";
import type { Pause } from "../pauses/victims.ts";
import type { TickInput } from "../tick-input.ts";
import type { Jobs, Watched } from "../world.ts";
import { MEASURES } from "./measures.ts";
import type { RuleNow } from "./rule-now.ts";

/** Processes that exit together may vanish in successive readings; one absent from more than this exited earlier. */
const MOST_ABSENT = 1;
/** Without a fresh reading this long after the exit, nothing can be concluded any more. */
const GIVE_UP_MS = 15_000;

type WatchedJobs = Readonly<Record<string, Watched>>;

/** What to watch after these pauses; earlier suspects stay while undecided. */
export function watchPauses(watched: WatchedJobs, pauses: readonly Pause[], input: TickInput): WatchedJobs {
  const found: Record<string, Watched> = { ...watched };
  for (const { job: name, cause, evidence } of pauses) {
    const job = input.jobs[name];
    const run = job === undefined ? null : runOf(job);
    const { metric, processes = [], estimated } = evidence;
    if (cause.rule === undefined || metric === undefined || MEASURES[metric].who !== "others") continue;
    const begun = run?.startTime ?? null;
    if (begun === null || (processes.length === 0 && estimated === undefined)) continue;
    if (!processes.every((one) => couldBeOwn(one, begun))) continue;
    const { now } = input;
    found[name] = { key: cause.rule, processes, askedWallMs: now.wallMs, readMs: now.monotonicMs, absent: 0 };
  }
  return found;
}

const couldBeOwn = ({ startTime, otherUser }: ProcessEvidence, begun: number): boolean =>
  startTime !== null && startTime >= begun && otherUser !== true;

/** Decides what this tick's sample allows; `jobs` have the rules that wrongly blamed them switched off. */
export function decideWatched(input: TickInput): { jobs: Jobs; watched: WatchedJobs; events: NewEvent[] } {
  const before = Object.entries(input.memory.watched ?? {});
  if (before.length === 0) return { jobs: input.jobs, watched: {}, events: [] };
  const jobs: Record<string, Job> = { ...input.jobs };
  const watched: Record<string, Watched> = {};
  const events: NewEvent[] = [];
  for (const [name, one] of before) {
    const job = input.jobs[name];
    const rule = input.rules.find(({ key }) => key === one.key);
    if (job === undefined || rule === undefined) continue;
    const verdict = verdictOn(job, one, rule, input);
    if (verdict === "own") {
      jobs[name] = { ...job, misattributed: [...job.misattributed, one.key] };
      events.push(misattributed(job, one, rule, input));
    } else if (verdict !== "others") watched[name] = verdict;
  }
  return { jobs, watched, events };
}

function verdictOn(job: Job, one: Watched, rule: RuleNow, input: TickInput): Watched | "own" | "others" {
  const { now, sample } = input;
  const { state } = job;
  if (state.name !== "pausing" && state.name !== "paused") return "others";
  if (state.name === "paused" && state.cause.rule !== one.key) return "others";
  const exitedMs = state.name === "pausing" ? state.request.exitedAt?.monotonicMs : state.since.monotonicMs;
  const goneMs = one.goneMs ?? exitedMs;
  const { readAtMs, unavailable, beyondSinceMs } = rule.state;
  if (one.processes.length === 0) return verdictOnHidden(one, rule, goneMs ?? null, now);
  const there = isListed(one.processes, rule, sample);
  if (goneMs === undefined) {
    if (there) return { ...one, absent: 0 };
    const isNew = readAtMs !== null && readAtMs > one.readMs;
    const next = { ...one, readMs: readAtMs ?? one.readMs, absent: one.absent + (isNew ? 1 : 0) };
    return next.absent > MOST_ABSENT ? "others" : next;
  }
  if (now.monotonicMs - goneMs > GIVE_UP_MS) return "others";
  if (readAtMs === null || readAtMs <= goneMs || unavailable !== null) return { ...one, goneMs };
  if (!there && beyondSinceMs === null) return "own";
  // A reading taken around the exit may still contain earlier use; the next one doesn't.
  return there || one.lingered === true ? "others" : { ...one, goneMs: readAtMs, lingered: true };
}

/** Nobody can be looked for: it was the job's own if the use lasted until its exit, and not for one reading longer. */
function verdictOnHidden(
  one: Watched,
  { state }: RuleNow,
  goneMs: number | null,
  now: Now,
): Watched | "own" | "others" {
  const { readAtMs, unavailable, beyondSinceMs, leaningSinceMs, firm } = state;
  if (goneMs === null) return beyondSinceMs === null && unavailable === null ? "others" : one;
  if (now.monotonicMs - goneMs > GIVE_UP_MS) return "others";
  if (readAtMs === null || readAtMs <= goneMs || unavailable !== null) return { ...one, goneMs };
  if (beyondSinceMs === null && (firm === "clear" || leaningSinceMs !== null)) return "own";
  return one.lingered === true ? "others" : { ...one, goneMs: readAtMs, lingered: true };
}

function isListed(processes: ProcessEvidence[], { gpu }: RuleNow, sample: Sample): boolean {
  const listed = gpu?.processes ?? sample.foreign;
  return processes.some(({ pid, startTime }) =>
    listed.some((one) => one.pid === pid && one.startTime === startTime),
  );
}

function ownUse({ processes }: Watched, at: string): string {
  const who = named(processes);
  return who === null
    ? `The pause of ${at} was for use by hidden processes, which ended together with this job: that was the job's own use.`
    : `The pause of ${at} was for ${who}, which started after this job and ended with it: that was the job's own use.`;
}

function misattributed(job: Job, one: Watched, { rule, state }: RuleNow, { now }: TickInput): NewEvent {
  const at = clockTime(one.askedWallMs, now.wallMs);
  return {
    kind: "rule.misattributed",
    job: job.name,
    run: job.runs,
    actor: "supervisor",
    reason: `${ownUse(one, at)} Rule '${rule.name}' is off for it until it is resumed by hand.`,
    evidence: {
      rule: rule.name,
      metric: rule.metric,
      ...(state.gpu === null ? {} : { gpu: state.gpu }),
      processes: one.processes,
    },
  };
}

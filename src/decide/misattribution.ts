/**
 * Were the "others" behind a pause the job's own processes after all? They were when they began after
 * its run and vanished together with its exit. Then the rule is off for that job until a person looks.
 * Others who go by themselves, stay, or were there before the run prove nothing.
 */
import { type NewEvent, type ProcessEvidence, runOf, type Sample } from "../model.ts";
import type { SupervisedJob } from "../ports.ts";
import { MEASURES } from "./measures.ts";
import { clockTime, processes as named } from "./say.ts";
import type { RuleNow, Scene } from "./scene.ts";
import type { Pause } from "./victims.ts";

/** A pause by a rule about others, until it is known what became of them. */
export interface Blamed {
  key: string;
  processes: ProcessEvidence[];
  askedWallMs: number;
  /** Monotonic time at which one of them was last seen. */
  seenMs: number;
}

/** Lists of GPU processes are so old at most. */
const LISTED_MS = 2500;
/** Without a fresh reading so long after the exit nothing can be told any more. */
const GIVE_UP_MS = 15_000;

/** What has to be watched after these pauses; of the old what is still undecided. */
export function blame(blamed: Record<string, Blamed>, pauses: Pause[], scene: Scene): Record<string, Blamed> {
  const found = { ...blamed };
  for (const { job: name, cause, evidence } of pauses) {
    const job = scene.jobs[name];
    const run = job === undefined ? null : runOf(job);
    const { metric, processes = [] } = evidence;
    if (cause.rule === undefined || metric === undefined || MEASURES[metric].who !== "others") continue;
    const begun = run?.startTime ?? null;
    if (begun === null || processes.length === 0) continue;
    if (!processes.every(({ startTime }) => startTime !== null && startTime >= begun)) continue;
    const { now } = scene;
    found[name] = { key: cause.rule, processes, askedWallMs: now.wallMs, seenMs: now.monotonicMs };
  }
  return found;
}

/** Judges what is watched by this tick's sample; changes the jobs of the scene that were wronged. */
export function acquit(
  blamed: Record<string, Blamed>,
  scene: Scene,
): { blamed: Record<string, Blamed>; events: NewEvent[] } {
  const left: Record<string, Blamed> = {};
  const events: NewEvent[] = [];
  for (const [name, one] of Object.entries(blamed)) {
    const job = scene.jobs[name];
    const rule = scene.rules.find(({ key }) => key === one.key);
    if (job === undefined || rule === undefined) continue;
    const verdict = judge(job, one, rule, scene);
    if (verdict === "own") {
      scene.jobs[name] = { ...job, misattributed: [...job.misattributed, one.key] };
      events.push(misattributed(job, one, rule, scene));
    } else if (verdict !== "others") left[name] = verdict;
  }
  return { blamed: left, events };
}

function judge(job: SupervisedJob, one: Blamed, rule: RuleNow, scene: Scene): Blamed | "own" | "others" {
  const { now, sample, config } = scene;
  const there = isListed(one.processes, rule, sample);
  const { state } = job;
  if (state.name === "pausing") return there ? { ...one, seenMs: now.monotonicMs } : "others";
  if (state.name !== "paused" || state.cause.rule !== one.key || there) return "others";
  const goneMs = state.since.monotonicMs;
  const together = LISTED_MS + 2000 * config.pollSeconds;
  if (goneMs - one.seenMs > together || now.monotonicMs - goneMs > GIVE_UP_MS) return "others";
  const { readAtMs, unavailable, beyondSinceMs } = rule.state;
  if (readAtMs === null || readAtMs <= goneMs || unavailable !== null) return one;
  return beyondSinceMs === null ? "own" : "others";
}

function isListed(processes: ProcessEvidence[], { gpu }: RuleNow, sample: Sample): boolean {
  const listed = gpu?.processes ?? sample.foreign;
  return processes.some(({ pid, startTime }) =>
    listed.some((one) => one.pid === pid && one.startTime === startTime),
  );
}

function misattributed(job: SupervisedJob, one: Blamed, { rule, state }: RuleNow, { now }: Scene): NewEvent {
  const at = clockTime(one.askedWallMs, now.wallMs);
  return {
    kind: "rule.misattributed",
    job: job.name,
    run: job.runs,
    actor: "supervisor",
    reason: `${named(one.processes) ?? "Somebody"}, whom the pause of ${at} was for, began after this job and ended together with it: that was its own use. Rule '${rule.name}' is off for it until it is resumed by hand.`,
    evidence: {
      rule: rule.name,
      metric: rule.metric,
      ...(state.gpu === null ? {} : { gpu: state.gpu }),
      processes: one.processes,
    },
  };
}

/**
 * Rules in pressure that pause nobody although jobs run: for each of those jobs, why it is spared. Told, since a rule
 * that is in pressure and does nothing looks broken. Decides nothing.
 */

import type { NewEvent } from "../../model/event.ts";
import type { Job } from "../../model/job.ts";
import { isWorking, runOf } from "../../model/state.ts";
import type { Spared } from "../../model/why.ts";
import { list } from "../../words/list.ts";
import { sparedText } from "../../words/sentences/spared.ts";
import { evidenceOf, pressureSentence } from "../rules/evidence.ts";
import { MEASURES } from "../rules/measures.ts";
import { governs, isExcused, type RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";
import type { SparedTold } from "../world.ts";
import { pauseMethod } from "./pause-method.ts";
import { isOnGpu, relieves } from "./relieves.ts";
import { freedFor, isPressing, maySoonRelieve } from "./victims.ts";

/** By the rule's key; a rule that pauses, or waits for a pause under way, isn't among them. */
export type SparedBy = Readonly<Record<string, readonly Spared[]>>;

export function sparedByRules(input: TickInput): SparedBy {
  const found: Record<string, Spared[]> = {};
  for (const rule of input.rules.filter(isPressing)) {
    if (maySoonRelieve(rule, input)) continue;
    const spared = Object.values(input.jobs)
      .filter((job) => isWorking(job.state.name) && job.cancelling === undefined && governs(rule, job))
      .flatMap((job) => spare(job, rule, input) ?? []);
    if (spared.length > 0) found[rule.key] = spared;
  }
  return found;
}

/** Null where there is nothing to explain: it isn't on the rule's GPU. */
function spare(job: Job, now: RuleNow, { sample }: TickInput): Spared | null {
  const { key, rule, state, gpu } = now;
  const about = {
    job: job.name,
    rule: rule.name,
    gpu: state.gpu === null ? null : (gpu?.index ?? state.gpu),
  };
  if (state.gpu !== null && !isOnGpu(job, state.gpu, gpu)) return null;
  if (job.misattributed.includes(key)) return { ...about, because: "blamed" };
  if (isExcused(now, job)) return { ...about, because: "excused" };
  if (relieves(job, now, sample)) {
    const parks = freedFor(now) === "memory" && pauseMethod(job, { frees: "vram" }) === "park";
    return { ...about, because: parks ? "parks" : "means" };
  }
  const use = sample.runs[runOf(job)?.id ?? ""];
  const of = MEASURES[rule.metric].relieves === "memory" ? "memory" : "cpu";
  const reading = of === "memory" ? use?.memoryMiB : use?.cpuPercent;
  return {
    ...about,
    because: "use",
    of,
    value: reading !== undefined && "value" in reading ? reading.value : 0,
  };
}

/** Once for as long as the rule stays in pressure and spares the same jobs for the same reasons, whatever it reads. */
export function sparedEvents(
  spared: SparedBy,
  before: SparedTold,
  { rules, sample }: TickInput,
): { told: SparedTold; events: NewEvent[] } {
  const told: Record<string, string> = {};
  const events: NewEvent[] = [];
  for (const rule of rules) {
    const jobs = spared[rule.key];
    const last = before[rule.key];
    if (jobs === undefined) {
      // Between its thresholds, or while a pause is under way, it says nothing, and is in pressure still.
      if (last !== undefined && rule.state.firm === "pressure") told[rule.key] = last;
      continue;
    }
    const mark = JSON.stringify(jobs.map(({ job, because }) => [job, because]));
    told[rule.key] = mark;
    if (last === mark) continue;
    const why = list(jobs.map((one) => sparedText(one, `'${one.job}'`)));
    const reason = `${pressureSentence(rule, sample)} It pauses nobody: ${why}.`;
    const evidence = { ...evidenceOf(rule, sample), spared: [...jobs] };
    events.push({
      kind: "rule.powerless",
      job: null,
      run: null,
      actor: `rule:${rule.rule.name}`,
      reason,
      evidence,
    });
  }
  return { told, events };
}

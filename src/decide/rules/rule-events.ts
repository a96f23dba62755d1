/** Reports on rules: pressure, room again, a sensor lost or recovered, or never there. */

import type { Decision } from "../../model/decision.ts";
import type { NewEvent } from "../../model/event.ts";
import { OURS_IDLE, type Sample } from "../../model/machine.ts";
import { duration } from "../../words/duration.ts";
import { sightText } from "../../words/sentences/sight.ts";
import type { TickInput } from "../tick-input.ts";
import { allowance, evidenceOf, fact, onGpu, pressureSentence, sentence } from "./evidence.ts";
import { holdersOf } from "./idle-gpu.ts";
import type { RuleChange } from "./judge-rules.ts";
import { gpuOf, type RuleNow } from "./rule-now.ts";
import { sights } from "./sight.ts";

function ruleNow({ key, rule, state }: RuleChange, { sample, jobs }: TickInput): RuleNow {
  const gpu = gpuOf(state, sample);
  const now = { key, rule, state, gpu };
  if (gpu === null || rule.metric !== OURS_IDLE) return now;
  return { ...now, holders: holdersOf(rule, gpu, jobs).map(({ name }) => name) };
}

/** For rules that act on no job. */
export function notices(changes: readonly RuleChange[], input: TickInput): Decision[] {
  return changes.flatMap((change): Decision[] => {
    const { rule, to } = change;
    if (rule.action !== "notify" || to !== "pressure") return [];
    const now = ruleNow(change, input);
    const reason = pressureSentence(now, input.sample);
    return [
      {
        verb: "notify",
        job: null,
        actor: `rule:${rule.name}`,
        reason,
        evidence: evidenceOf(now, input.sample),
      },
    ];
  });
}

export function ruleEvents(changes: readonly RuleChange[], tick: TickInput): NewEvent[] {
  // Several rules may read one sensor: it is reported once.
  const sensors = new Set<string>();
  const events = changes.flatMap((change) => {
    if (change.to === "blind") return [];
    if (change.to === "pressure" || change.to === "clear") return [ruleEvent(change, change.to, tick)];
    const sensor = `${change.rule.metric} ${change.state.gpu ?? ""}`;
    if (sensors.has(sensor)) return [];
    sensors.add(sensor);
    return [sensorEvent(change, tick)];
  });
  return [...events, ...blindEvents(changes, tick.sample)];
}

function ruleEvent(change: RuleChange, to: "pressure" | "clear", input: TickInput): NewEvent {
  const { rule } = change;
  const { rules, sample } = input;
  const now = rules.find(({ key }) => key === change.key) ?? ruleNow(change, input);
  const dwell = rule.clear.forSeconds === 0 ? "" : `, clear for ${duration(rule.clear.forSeconds * 1000)}`;
  return {
    kind: to === "pressure" ? "rule.pressure" : "rule.cleared",
    job: null,
    run: null,
    actor: `rule:${rule.name}`,
    reason:
      to === "pressure"
        ? pressureSentence(now, sample)
        : `${sentence(fact(now, sample))}${dwell}; ${allowance(now)}.`,
    evidence: evidenceOf(now, sample),
  };
}

/** One for each reading, with all rules that turn out to be blind for it. */
function blindEvents(changes: readonly RuleChange[], sample: Sample): NewEvent[] {
  const blind = changes.filter(({ to }) => to === "blind");
  const states = Object.fromEntries(blind.map(({ key, state }) => [key, state]));
  const found = sights(
    blind.map(({ rule }) => rule),
    states,
    sample.gpus,
  );
  return found.map((sight) => ({
    kind: "rule.blind",
    job: null,
    run: null,
    actor: "supervisor",
    reason: sightText(sight),
    evidence: { metric: sight.metric, rules: sight.rules },
  }));
}

function sensorEvent(change: RuleChange, input: TickInput): NewEvent {
  const { sample, config } = input;
  const { rule, state, to } = change;
  const now = ruleNow(change, input);
  const sensor = `${rule.metric}${onGpu(now)}`;
  const held = config.rules.some((one) => one.metric === rule.metric && one.action !== "notify");
  const until = held ? " Until it can, no job that depends on this reading is resumed." : "";
  return {
    kind: to === "lost" ? "sensor.lost" : "sensor.recovered",
    job: null,
    run: null,
    actor: "supervisor",
    reason:
      to === "lost"
        ? `${sensor} can't be read: ${state.unavailable}.${until}`
        : `${sensor} can be read again.`,
    evidence: evidenceOf(now, sample),
  };
}

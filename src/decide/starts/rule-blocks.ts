/** What each rule holds against starting anything. Missing and stale readings block; they never clear. */

import type { WaitingFor } from "../../model/why.ts";
import { duration } from "../../words/duration.ts";
import { culprits, fact, onGpu } from "../rules/evidence.ts";
import { MEASURES } from "../rules/measures.ts";
import type { RuleNow } from "../rules/rule-now.ts";
import type { TickInput } from "../tick-input.ts";

export interface RuleBlock {
  rule: RuleNow;
  wait: WaitingFor;
}

export function ruleBlocks(input: TickInput): RuleBlock[] {
  return input.rules.flatMap((rule) => {
    const wait = blockOf(rule, input);
    return wait === null ? [] : [{ rule, wait: { ...wait, ...aboutOf(rule) } }];
  });
}

const aboutOf = ({ rule, state }: RuleNow): Pick<WaitingFor, "rule" | "gpu"> => ({
  rule: rule.name,
  ...(state.gpu !== null && { gpu: state.gpu }),
});

function blockOf(now: RuleNow, input: TickInput): WaitingFor | null {
  const { rule, state } = now;
  if (state.firm === "pressure") return pressureBlock(now, input);
  if (state.unavailable !== null || state.readAtMs === null) return sensorBlock(now);
  if (state.roomy) return null;
  const doubt = state.beyondSinceMs === null ? ", and some use can't be attributed" : "";
  const text = `${fact(now, input.sample)} just now${doubt}: rule '${rule.name}'`;
  return { code: "rule", text, processes: culprits(now, input.sample) };
}

function pressureBlock(now: RuleNow, { sample, now: at }: TickInput): WaitingFor {
  const { rule, state } = now;
  if (state.unavailable !== null)
    return {
      code: "rule",
      text: `rule '${rule.name}' was in pressure, and ${rule.metric}${onGpu(now)} can't be read now (${state.unavailable})`,
    };
  const dwellMs = rule.clear.forSeconds * 1000;
  const left = state.leaningSinceMs === null ? null : state.leaningSinceMs + dwellMs - at.monotonicMs;
  const { above, below } = rule.clear;
  const { show } = MEASURES[rule.metric];
  const clear = below === undefined ? `above ${show(above ?? 0)}` : `below ${show(below)}`;
  const stays = dwellMs === 0 ? `is ${clear}` : `stays ${clear} for ${duration(dwellMs)}`;
  const comesWith = now.comesWith === undefined ? "" : ` (it came and went with '${now.comesWith.job}')`;
  return {
    code: "rule",
    text: `${fact(now, sample)}${comesWith}; rule '${rule.name}' clears once it ${stays}`,
    ...(left !== null && { untilMs: at.wallMs + Math.max(0, left) }),
    processes: culprits(now, sample),
  };
}

function sensorBlock(now: RuleNow): WaitingFor | null {
  const { rule, state } = now;
  // Once it is certain that a machine has no such sensor, its absence doesn't block.
  if (state.blind) return null;
  // A job that wants a GPU which was never read waits for it by its placement.
  if (state.gpu === null && rule.metric.startsWith("gpu.")) return null;
  return {
    code: "sensor",
    text: `${rule.metric}${onGpu(now)} can't be read (${state.unavailable ?? "not yet"}), so nobody knows whether there is room`,
  };
}

/** Rules that can't do what they are for: blind, since their reading isn't there, or told by an estimate alone. */
import type { Rule } from "../../config/schema/schema.ts";
import type { RuleState, Sight } from "../../model/decision.ts";
import type { GpuSample } from "../../model/machine.ts";

type States = Readonly<Record<string, Readonly<RuleState>>>;

/** One per reading, with the rules that depend on it. */
export function sights(rules: readonly Rule[], states: States, gpus: readonly GpuSample[]): Sight[] {
  const found = new Map<string, Sight>();
  for (const rule of rules)
    for (const state of Object.values(states)) {
      const sight = state.rule === rule.name ? sightOf(state) : null;
      if (sight === null) continue;
      const gpu =
        state.gpu === null ? null : (gpus.find(({ uuid }) => uuid === state.gpu)?.index ?? state.gpu);
      const key = JSON.stringify([rule.metric, gpu, sight]);
      const known = found.get(key);
      const names = new Set([...(known?.rules ?? []), rule.name]);
      found.set(key, { metric: rule.metric, gpu, ...sight, rules: [...names] });
    }
  return [...found.values()];
}

function sightOf({ unavailable, blind, readAtMs, estimated }: RuleState): Pick<Sight, "how" | "why"> | null {
  if (unavailable !== null) return blind || readAtMs !== null ? { how: "blind", why: unavailable } : null;
  return estimated === undefined ? null : { how: "estimated", why: estimated };
}

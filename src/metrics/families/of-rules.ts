/** Rules and windows: what they say now, and whether they can be judged. Pure. */
import type { RuleView, Snapshot } from "../../control/protocol.ts";
import type { Family, Labels } from "../exposition.ts";
import { gpuLabels } from "./of-gpus.ts";
import { flag, gauge } from "./readings.ts";

export function ofRules(snapshot: Snapshot): Family[] {
  const { rules, windows } = snapshot;
  const labels = ({ rule, gpu }: RuleView): Labels => ({ rule: rule.name, ...gpuLabels(snapshot, gpu) });
  const each = (name: string, help: string, value: (rule: RuleView) => number): Family =>
    gauge(
      name,
      help,
      rules.map((rule) => ({ labels: labels(rule), value: value(rule) })),
    );
  return [
    each("rule_pressure", "1 while the rule is in pressure.", ({ firm }) => flag(firm === "pressure")),
    each("rule_since_timestamp_seconds", "When the rule last changed.", ({ sinceMs }) => sinceMs / 1000),
    each("rule_sensor_up", "0 while the rule's reading is missing, so that it can't be judged.", (rule) =>
      flag(rule.unavailable === null),
    ),
    gauge(
      "window_open",
      "1 while the window is open.",
      windows.map(({ name, open }) => ({ labels: { window: name }, value: flag(open) })),
    ),
    gauge(
      "window_changes_timestamp_seconds",
      "When the window next opens or closes.",
      windows.flatMap(({ name, changesAtMs }) =>
        changesAtMs === null ? [] : [{ labels: { window: name }, value: changesAtMs / 1000 }],
      ),
    ),
  ];
}

/** Our policy over a trace: the tick itself, by replay. */

import type { ReplayedDecision } from "../../src/replay/figures.ts";
import { overheadMs } from "../../src/replay/figures.ts";
import { replay } from "../../src/replay/replay.ts";
import { configOf, historyOf, knownJob } from "../../test/replay/material.ts";
import type { Outcome, Terms } from "./baselines.ts";
import type { Trace } from "./traces.ts";

export interface Dwell {
  forSeconds: number;
  clearSeconds: number;
}

export async function ours(
  { rule, values, scene }: Pick<Trace, "rule" | "values" | "scene">,
  { forSeconds, clearSeconds }: Dwell,
  { saveS, loadS }: Pick<Terms, "saveS" | "loadS">,
): Promise<Outcome & { decisions: ReplayedDecision[] }> {
  const clear = { ...rule.clear, forSeconds: clearSeconds };
  const config = configOf({
    rules: [{ name: "need", ...rule, forSeconds, clear }],
    jobs: [{ name: "job", command: ["train"] }],
  });
  const history = historyOf({
    seconds: values.length,
    scene: (second) => scene(values[second] ?? 0),
    jobs: [knownJob("job", { saveMs: saveS * 1000, reloadMs: loadS * 1000 })],
  });
  const { configs } = await replay(history, [{ name: "ours", config, yardstick: config }]);
  const [figures] = configs;
  const [job] = figures?.jobs ?? [];
  if (figures === undefined || job === undefined) throw new Error("the trace is empty");
  return {
    pressureS: figures.pressureMs / 1000,
    workS: job.workedMs / 1000,
    pauses: figures.pauses,
    overheadS: overheadMs(job) / 1000,
    decisions: figures.decisions,
  };
}

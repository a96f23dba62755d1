/** What ending a job is said to lose, before it is ended, and how far it is shown to have come. Pure. */
import { expect, it } from "vitest";
import type { SlurmRun } from "../../src/model/run.ts";
import { endLoses, shareOf, sharePercent, stepOf } from "../../src/show/job-words.ts";
import { at } from "../decide/make.ts";
import { AT, job } from "./snapshots.ts";

const LOSES = expect.stringMatching(/^loses about 210 steps \(11 min, last checkpoint /);
const slurm = (more: Partial<SlurmRun>) => ({
  pid: null,
  slurm: { id: 7, state: "running" as const, ...more },
});

it.each([
  ["a run of this machine", {}, LOSES],
  ["a run on a cluster, which has no pid here", slurm({ begunAt: at(1) }), LOSES],
  ["one that a cluster hasn't begun", slurm({ state: "queued" }), null],
  ["one that isn't known to have begun", { pid: null }, null],
  ["one that has ended", { state: "finished" as const, pid: null }, null],
  ["a service, which isn't ours to end", { state: "serving" as const, service: "http://x:1" }, null],
])("%s", (_, view, told) => {
  expect(endLoses(job("train", view), AT)).toEqual(told);
});

it("one that is only taken to have finished shows how far it has come, if that is known", () => {
  const share = (why: object, progress: object | null): number | null => {
    const view = job("train", { state: "finished" as const });
    const known = progress === null ? null : { ...view.progress, ...progress };
    return shareOf({ ...view, progress: known, why: { ...view.why, ...why } } as typeof view);
  };
  const assumed = { assumed: "It ended with exit code 0 after it was asked to pause." };
  expect([share({}, null), share(assumed, null), share(assumed, { step: 5, totalSteps: 20 })]).toEqual([
    1,
    null,
    0.25,
  ]);
});

it.each([
  ["waiting", 37_000, "37,000/60,000", "61 %"],
  ["paused", 37_000, "37,000/60,000", "61 %"],
  ["paused", null, "37,210/60,000", "62 %"],
  ["running", 37_000, "37,210/60,000", "62 %"],
  ["cancelled", 37_000, "37,210/60,000", "62 %"],
] as const)("%s, with a checkpoint of step %s: it is at %s", (state, saved, step, share) => {
  const { checkpoint } = job("train");
  const view = job("train", { state, checkpoint: checkpoint && { ...checkpoint, step: saved } });
  expect([stepOf(view), sharePercent(view)]).toEqual([step, share]);
});

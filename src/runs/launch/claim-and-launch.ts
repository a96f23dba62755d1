/**
 * Claims the run's GPUs, launches it and follows its launcher. Must never start a process on a GPU that
 * another supervisor holds.
 */
import type { Effect } from "../../model/effect.ts";
import type { Job } from "../../model/job.ts";
import type { EffectResult } from "../../ports/runs.ts";
import { whose } from "../../words/sentences/whose.ts";
import type { Followed } from "../observe/follow.ts";
import { launch } from "./launch.ts";
import type { Launching } from "./prepare-run.ts";

type Launch = Extract<Effect, { do: "launch" }>;

/** `wake` is called once the launcher ends. Never rejects. */
export async function claimAndLaunch(
  { run, resumeFrom }: Launch,
  job: Job,
  known: Followed,
  { wake, ...where }: Launching & { wake: () => void },
): Promise<EffectResult> {
  const { gpus, startedAt } = run;
  const claim = { job: job.name, gpus, holds: true, sinceMs: startedAt.wallMs, readyMs: null, run };
  const rival = gpus.length > 0 ? (where.claims?.take(claim) ?? null) : null;
  if (rival !== null) {
    known.launcher = "ended";
    const reason = `${whose(rival)} took its GPU at the same moment`;
    return { ok: false, reason, taken: true };
  }
  known.launcher = "launching";
  const launched = await launch(job, run, resumeFrom, where);
  if (!launched.ok) {
    known.launcher = "ended";
    return launched;
  }
  known.launcher = "ours";
  known.launcherPid = launched.launcherPid;
  where.claims?.renew(claim);
  launched.ended.then(() => {
    known.launcher = "ended";
    known.launcherPid = null;
    wake();
  });
  return { ok: true };
}

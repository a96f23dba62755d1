/**
 * Monotonic times restart with each boot. Moves all those of a job into the present boot, each as far
 * back as the wall clock says, so that no code has to guess a time's boot from its size. A new
 * monotonic fact of a job must be moved here, too.
 */

import type { Job } from "../../model/job.ts";
import type { Park } from "../../model/park.ts";
import type { Run } from "../../model/run.ts";
import type { Talk } from "../../model/server.ts";
import type { JobState, PauseRequest } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";

type Move = (ms: number) => number;

/** The same moments in the monotonic time of `now`'s boot. */
export function rebased(job: Job, now: Now): Job {
  const { since } = job.state;
  // A clock that was set back counts as no elapsed time: no wait gets longer than it was.
  const present = now.monotonicMs - Math.max(0, now.wallMs - since.wallMs);
  const move: Move = (ms) => ms + present - since.monotonicMs;
  const { progress, cancelling, attempts } = job;
  return {
    ...job,
    state: movedState(job.state, move),
    // 0 means no wait.
    attempts: { ...attempts, notBeforeMs: attempts.notBeforeMs === 0 ? 0 : move(attempts.notBeforeMs) },
    ...(progress && { progress: { ...progress, advancedAtMs: move(progress.advancedAtMs) } }),
    ...(cancelling && { cancelling: { ...cancelling, askedAt: moved(cancelling.askedAt, move) } }),
  };
}

const moved = (then: Now, move: Move): Now => ({ ...then, monotonicMs: move(then.monotonicMs) });

function movedState(state: JobState, move: Move): JobState {
  const since = moved(state.since, move);
  if (!("run" in state)) return { ...state, since };
  const run = movedRun(state.run, move);
  if (state.name === "pausing") return { ...state, since, run, request: movedRequest(state.request, move) };
  if (state.name === "lost" && state.was !== undefined)
    return { ...state, since, run, was: movedState(state.was, move) };
  if (state.name === "standby" && state.server?.released === false)
    return { ...state, since, run, server: { ...state.server, againMs: move(state.server.againMs) } };
  return { ...state, since, run };
}

function movedRun(run: Run, move: Move): Run {
  const { startedAt, firstStepAt, resuming, rankGoneAt, left, slurm, talk, park } = run;
  return {
    ...run,
    startedAt: moved(startedAt, move),
    ...(firstStepAt && { firstStepAt: moved(firstStepAt, move) }),
    ...(resuming && { resuming: { ...resuming, since: moved(resuming.since, move) } }),
    ...(rankGoneAt && { rankGoneAt: moved(rankGoneAt, move) }),
    ...(slurm?.begunAt && { slurm: { ...slurm, begunAt: moved(slurm.begunAt, move) } }),
    ...(talk && { talk: movedTalk(talk, move) }),
    ...(park && { park: movedPark(park, move) }),
    ...(left && { left: { ...left, since: moved(left.since, move) } }),
  };
}

const movedTalk = ({ releaseMs, quietSinceMs, ...talk }: Talk, move: Move): Talk => ({
  ...talk,
  askedMs: move(talk.askedMs),
  sinceMs: move(talk.sinceMs),
  ...(releaseMs !== undefined && { releaseMs: move(releaseMs) }),
  ...(quietSinceMs !== undefined && { quietSinceMs: move(quietSinceMs) }),
});

const movedPark = (park: Park, move: Move): Park => ({
  ...park,
  askedMs: move(park.askedMs),
  sinceMs: move(park.sinceMs),
});

function movedRequest(request: PauseRequest, move: Move): PauseRequest {
  const { acknowledgedAt, grewAtMs, exitedAt } = request;
  return {
    ...request,
    askedAt: moved(request.askedAt, move),
    acknowledgedAt: acknowledgedAt && moved(acknowledgedAt, move),
    lastRingMs: move(request.lastRingMs),
    deadlineMs: move(request.deadlineMs),
    ...(grewAtMs !== undefined && { grewAtMs: move(grewAtMs) }),
    ...(exitedAt && { exitedAt: moved(exitedAt, move) }),
  };
}

/** What was seen of a live run at this tick, and where it takes the job. */
import type { Seen } from "../../model.ts";
import { duration } from "../../words/duration.ts";
import { number } from "../../words/number.ts";
import { watchCancel } from "./cancel.ts";
import { ended, waitsForLeftovers } from "./end.ts";
import { account, isWorking, learn, sayIfStalled } from "./learn.ts";
import { pausing } from "./pausing.ts";
import { watchRanks } from "./ranks.ts";
import { found } from "./recover.ts";
import type { Turn } from "./turn.ts";

const RING_AGAIN_MS = 1000;

export function see(turn: Turn, seen: Seen, availableMiB: number | null): void {
  if (!("run" in turn.state)) throw turn.bug("seen");
  if (turn.state.name === "lost") {
    learn(turn, seen);
    const shown = found(turn, seen);
    if (shown !== null) see(turn, shown, availableMiB);
    return;
  }
  learn(turn, seen);
  if (turn.job.cancelling !== undefined && (seen.alive || seen.leftovers.length > 0)) {
    watchCancel(turn);
    return;
  }
  switch (turn.state.name) {
    case "starting":
      if (gone(turn, seen)) return;
      if ((seen.alive && seen.pid !== null) || seen.ranks.length > 0)
        turn.state = { ...turn.state, name: "running", since: turn.now };
      if (turn.state.name === "running") {
        tellOfGpus(turn);
        completeResume(turn, seen);
      }
      return;
    case "running":
      if (gone(turn, seen)) return;
      completeResume(turn, seen);
      sayIfStalled(turn);
      watchRanks(turn, seen);
      return;
    case "pausing":
      pausing(turn, seen, availableMiB);
      return;
    case "frozen":
      if (gone(turn, seen)) return;
      // Somebody continued it, or a new child slipped through.
      if (!seen.stopped && seen.alive) turn.effects.push({ do: "freeze", job: turn.name, run: turn.run });
      return;
    case "standby":
      gone(turn, seen);
  }
}

function tellOfGpus(turn: Turn): void {
  const { gpus } = turn.run;
  if (gpus.length === 0 || !turn.first("claimed")) return;
  const reason = `${turn.gpus?.name ?? gpus.join(", ")} is held by run ${turn.run.number} of '${turn.name}'.`;
  turn.tell("gpu.claimed", "supervisor", reason, { evidence: { gpus } });
}

/** Ends the run when its first process and all others are gone. */
function gone(turn: Turn, seen: Seen): boolean {
  if (seen.exit === null || seen.alive) return false;
  if (waitsForLeftovers(turn, seen)) return true;
  ended(turn, seen.exit, seen);
  return true;
}

/** A resume is complete at the first new step, or once it runs where it reports no steps. */
function completeResume(turn: Turn, seen: Seen): void {
  const { run, now } = turn;
  const { resuming } = run;
  if (resuming === undefined) return;
  const held = run.startedAt.monotonicMs !== resuming.since.monotonicMs;
  if (held ? seen.stopped || unheard(turn, seen) : !isWorking(turn) || !seen.alive) return;
  const ms = now.monotonicMs - resuming.since.monotonicMs;
  const { resuming: _, ...rest } = run;
  turn.state = { ...turn.live(), run: rest };
  if (resuming.polite) account(turn, 0, ms);
  const { progress } = turn.job;
  const step = progress?.step ?? null;
  turn.tell(
    "resume.completed",
    "job",
    `It goes on${step === null ? "" : ` at step ${number(step)}`} after ${duration(ms)}.`,
    {
      outcome: { reloadMs: ms, step, resumedAtStep: run.resumedAtStep },
    },
  );
}

/** A job on standby that hasn't heard yet that it may go on is rung again. */
function unheard(turn: Turn, seen: Seen): boolean {
  const { run, now } = turn;
  if (seen.ranks.length === 0 || seen.ranks.some((rank) => rank.sequence >= (run.sequence ?? 0)))
    return false;
  const waited = now.monotonicMs - (run.resuming?.since.monotonicMs ?? 0);
  if (waited >= RING_AGAIN_MS) turn.effects.push({ do: "ring", job: turn.name, run });
  return true;
}

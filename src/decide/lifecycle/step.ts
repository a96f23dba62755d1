/**
 * The state machine of one job. `step` is the only function that writes a job's state; its result is
 * to be journalled (events) and then performed (effects). Level-triggered: a live job is shown what
 * was seen of it at every tick. Never reads a clock, never does I/O.
 */

import type { PauseDecision, StartDecision } from "../../model/decision.ts";
import type { Job } from "../../model/job.ts";
import type { Away } from "../../model/park.ts";
import type { Checkpoint, Run, Stock } from "../../model/run.ts";
import type { GpuView, Seen } from "../../model/seen.ts";
import type { Now } from "../../model/time.ts";
import { cancel } from "./cancel.ts";
import { type BackupInput, backedUp } from "./checkpoints/backed-up.ts";
import { adopt, foreign, inherit, rerun } from "./checkpoints/earlier-checkpoints.ts";
import { checked } from "./checkpoints/take-stock.ts";
import { holdBack, launch, launchFailed, retry } from "./launch.ts";
import { onSeen } from "./on-seen.ts";
import { askToPause } from "./pause/pause-asked.ts";
import { recover, takeBack } from "./recover.ts";
import { noteHeld } from "./server/held-memory.ts";
import { type LookedFor, lookedFor, onService } from "./service/follow.ts";
import { type Stepped, Transition } from "./transition.ts";

export type Input =
  /**
   * Each tick, for live states. `availableMiB`: the host's available memory, null when unknown. `gpus`:
   * what the run's GPUs showed at the last look, omitted where it has none. `placed`: of a service, the GPUs that
   * its config names.
   */
  | { kind: "seen"; seen: Seen; availableMiB: number | null; gpus?: GpuView | null; placed?: string[] }
  /** `diskFreeMiB`: free space on the disk that holds this job's checkpoints. */
  | { kind: "pause"; decision: PauseDecision; diskFreeMiB?: number | null }
  /**
   * From waiting or paused: a new run. From frozen, standby, or frozen after its grace period ran out:
   * its run continues and `identity` isn't used.
   */
  | {
      kind: "launch";
      decision: StartDecision;
      identity: { id: string; bootId: string };
      resumeFrom: Checkpoint | null;
      gpus: string[];
    }
  /** `whose`: another job's checkpoints are where it would go on from. */
  | { kind: "foreign"; whose: string }
  /** What can't be read now, and may be what it is to go on from: nothing is launched. */
  | { kind: "unread"; path: string }
  /** What a job that the database doesn't know finds where its checkpoints belong. */
  | ({ kind: "inherited" } & Stock)
  /** `taken`: another supervisor's job took its GPU at the same moment. `unready`: by what the supervisor lacks. */
  | { kind: "launch-failed"; reason: string; taken?: true; unready?: true }
  | { kind: "cancel"; by: string }
  /** Gives a job that has ended another chance. */
  | { kind: "retry"; by: string }
  /** Has a job without a run begin at the beginning, or go on from one of its checkpoints. */
  | { kind: "rerun"; by: string; from?: Checkpoint }
  /** What a person says of another's checkpoints, or that they be looked at again. */
  | { kind: "adopt"; by: string }
  /** What exists of a paused job whose checkpoint isn't fully checked; verdicts come in here. */
  | ({ kind: "checked" } & Stock)
  /** What came of copying its checkpoint to its backup, or of bringing one back. */
  | BackupInput
  /** The supervisor has restarted, in the boot `bootId`, and found this job in its database. */
  | { kind: "recovered"; bootId: string }
  /** Whether a service that wasn't there is now. */
  | ({ kind: "looked-for" } & LookedFor)
  /** A live run of this job that its database doesn't know. */
  | { kind: "taken-back"; run: Run; away?: Away };

/**
 * Moves a job by one input. A cancel of an ended job, a retry of one that hasn't ended, and a late
 * `launch-failed` or `checked` legitimately change nothing; any other input that has no meaning in
 * the job's state is a bug.
 * @throws Error naming job, state and input.
 */
export function step(job: Job, input: Input, now: Now): Stepped {
  const gpus = input.kind === "seen" ? (input.gpus ?? null) : null;
  const transition = new Transition(job, now, gpus);
  apply(transition, input);
  return transition.done();
}

function apply(transition: Transition, input: Input): void {
  switch (input.kind) {
    case "seen":
      noteHeld(transition);
      if ("run" in transition.state && transition.run.service) onService(transition, input);
      else onSeen(transition, input.seen, input.availableMiB);
      return;
    case "looked-for":
      lookedFor(transition, input);
      return;
    case "pause":
      askToPause(transition, input.decision, input.diskFreeMiB);
      return;
    case "launch":
      launch(transition, input);
      return;
    case "launch-failed":
      launchFailed(transition, input);
      return;
    case "foreign":
      foreign(transition, input.whose);
      return;
    case "inherited":
      inherit(transition, input);
      return;
    case "unread":
      holdBack(transition, input.path);
      return;
    case "cancel":
      cancel(transition, input.by);
      return;
    case "retry":
      retry(transition, input.by);
      return;
    case "rerun":
      rerun(transition, input);
      return;
    case "adopt":
      adopt(transition, input.by);
      return;
    case "checked":
      checked(transition, input);
      return;
    case "backup":
      backedUp(transition, input);
      return;
    case "recovered":
      recover(transition, input.bootId);
      return;
    case "taken-back":
      takeBack(transition, input.run, input.away);
      return;
  }
}

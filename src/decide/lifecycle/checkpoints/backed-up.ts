/** What came of copying a job's checkpoint to its backup, or of bringing one back. Never changes its state. */
import { isPassedOver } from "../../../model/job.ts";
import type { Checkpoint } from "../../../model/run.ts";
import { duration } from "../../../words/duration.ts";
import { number } from "../../../words/number.ts";
import { bytes } from "../../../words/size.ts";
import { stepsAre } from "../end/steps-lost.ts";
import type { Transition } from "../transition.ts";
import { between } from "./take-stock.ts";

export type BackupInput = {
  kind: "backup";
  verb: "upload" | "restore";
  of: Checkpoint;
  tookMs: number;
} & (
  | { ok: true; bytes: number; sent?: number; untidied?: string }
  | { ok: false; reason: string; final: boolean }
);

export function backedUp(transition: Transition, input: BackupInput): void {
  if (input.ok) succeeded(transition, input);
  else if (input.verb === "upload") uploadFailed(transition, input);
  else restoreFailed(transition, input);
}

function succeeded(transition: Transition, { verb, of, tookMs, ...done }: BackupInput & { ok: true }): void {
  const to = transition.job.spec.backup?.to ?? "its backup";
  const what = `Checkpoint of step ${number(of.step ?? 0)} (${bytes(done.bytes)})`;
  const outcome = { path: of.path, step: of.step, bytes: done.bytes, ms: Math.round(tookMs) };
  transition.drop("backupFailure");
  if (verb === "upload") {
    // One that was under way when a person had it begin anew isn't this job's any more.
    const { begunAnew, firstRunMs = 0 } = transition.job;
    if (!begunAnew || of.createdAtMs >= firstRunMs) transition.note({ backedUp: of });
    const sent = done.sent ?? done.bytes;
    const resumed = sent < done.bytes ? `; ${bytes(done.bytes - sent)} of it was already there` : "";
    const untidied =
      done.untidied === undefined ? "" : `; older backups there can't be removed: ${done.untidied}`;
    const text = `${what} is at ${to} after ${duration(tookMs)}${resumed}${untidied}.`;
    transition.tell("checkpoint.backed-up", "supervisor", text, { outcome: { ...outcome, sent } });
    return;
  }
  transition.drop("restoring");
  const reason = `${what} is here again from ${to}: every SHA-256 matches.`;
  transition.tell("checkpoint.restored", "supervisor", reason, { outcome });
}

/** Told once for each reason: it is tried again for as long as it fails. */
function uploadFailed(transition: Transition, { of, reason, final }: BackupInput & { ok: false }): void {
  if (transition.job.backupFailure === reason) return;
  transition.note({ backupFailure: reason });
  const text = `Checkpoint of step ${number(of.step ?? 0)} isn't backed up: ${reason}. The job isn't affected, and it is tried again.`;
  transition.tell("checkpoint.backup-failed", "supervisor", text, {
    outcome: { path: of.path, step: of.step, final },
  });
}

/** A backup that can't be used is forgotten: the job goes on from what is here. */
function restoreFailed(transition: Transition, { of, reason, final }: BackupInput & { ok: false }): void {
  const { restoring, checkpoint } = transition.job;
  const from =
    checkpoint === null ? "" : ` It goes on from step ${number(checkpoint.step ?? 0)} if that lasts.`;
  if (final) {
    transition.drop("restoring");
    transition.drop("backedUp");
    const lost = isPassedOver(transition.job, of) ? 0 : between(of, checkpoint ?? undefined);
    const on = checkpoint === null ? "the beginning" : `step ${number(checkpoint.step ?? 0)}`;
    const text = `The backup of step ${number(of.step ?? 0)} can't be used: ${reason}. It goes on from ${on}; ${stepsAre(lost, "to be redone")}.`;
    transition.tell("checkpoint.rejected", "supervisor", text, {
      outcome: { path: of.path, step: of.step, stepsLost: lost },
    });
    return;
  }
  transition.note({ restoring: { tries: (restoring?.tries ?? 0) + 1, reason } });
  if (restoring?.reason === reason) return;
  const text = `Checkpoint of step ${number(of.step ?? 0)} can't be fetched from its backup now: ${reason}.${from}`;
  transition.tell("checkpoint.backup-failed", "supervisor", text, {
    outcome: { path: of.path, step: of.step, final },
  });
}

/**
 * The one place that sends a signal. Always to one process, identified by pid and start time: a group
 * signal would take down a job's data loaders, and a pid alone may belong to another process by now.
 */
import type { Control } from "../../contract/control.ts";
import { type Job, pauseSignalOf, savesBy } from "../../model/job.ts";
import type { EffectResult } from "../../ports/runs.ts";
import { isDead, type KnownProcess, readStat } from "../../sense/proc/process.ts";
import { ranksHere } from "../containers/ranks-here.ts";
import { asLiveRun, type Followed, look } from "../observe/follow.ts";
import { findListeners } from "./listeners.ts";

/** Sends the pause signal to whoever listens now. Without a listener, a request is remembered as unheard. */
export function ring({ sequence, want }: Control, job: Job, run: Followed): EffectResult {
  look(run);
  const ranks = ranksHere(run);
  const found = findListeners(job, asLiveRun(run), ranks);
  const signal = pauseSignalOf(job.spec);
  if ("reason" in found) {
    if (want !== "run") run.unheard = sequence;
    // A young run may read the word when it comes to its library.
    return "joining" in found || savesBy(job) === null ? { ok: true } : { ok: false, reason: found.reason };
  }
  run.unheard = null;
  if (found.library) return signalAll(found.targets, signal);
  // To a program without a library the signal itself is the word, and a second one may mean "now!".
  if (want === "run") return { ok: false, reason: "without a job library it takes every signal for a pause" };
  const mark = ({ pid, startTime }: KnownProcess): string => `${sequence} ${pid} ${startTime}`;
  const fresh = found.targets.filter((target) => !run.rung.has(mark(target)));
  for (const target of fresh) run.rung.add(mark(target));
  return fresh.length === 0 ? { ok: true } : signalAll(fresh, signal);
}

/** Fails when no target can be signalled. */
function signalAll(targets: KnownProcess[], signal: NodeJS.Signals): EffectResult {
  const sent = targets.filter((target) => sendSignal(target, signal));
  if (sent.length > 0) return { ok: true };
  return { ok: false, reason: `${signal} reached no process: it is gone, or may not be signalled` };
}

/** Whether it was sent: false for a process that is gone, a zombie, replaced by another, or not ours to signal. */
export function sendSignal({ pid, startTime }: KnownProcess, signal: NodeJS.Signals): boolean {
  if (!(pid > 1)) return false;
  if (process.platform === "linux") {
    const stat = readStat(pid);
    if (stat === null || isDead(stat)) return false;
    if (startTime !== null && stat.startTime !== startTime) return false;
  }
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Tells a run what the supervisor wants: the word in control.json, then the pause signal. The file is the
 * word and the signal only wakes its reader, so a lost signal costs time and nothing else.
 */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Control } from "../../contract/control.ts";
import { CONTROL_FILE } from "../../contract/names.ts";
import { type Job, pauseSignalOf, savesBy } from "../../model/job.ts";
import type { EffectResult } from "../../ports/runs.ts";
import { ranksHere } from "../containers/ranks-here.ts";
import { asLiveRun, type Followed, look } from "../observe/follow.ts";
import { findListeners } from "./listeners.ts";
import { sendSignal, type Target } from "./send-signal.ts";

/** Writes the word, then rings. */
export function control({ sequence, want }: Control, job: Job, run: Followed): EffectResult {
  let written: EffectResult = { ok: true };
  try {
    writeControl(run.statusDirectory, { sequence, want });
  } catch (error) {
    written = { ok: false, reason: `control.json can't be written: ${(error as Error).message}` };
  }
  // On a full disk the signal alone still reaches a program that needs no file.
  const rung = ring({ sequence, want }, job, run);
  return written.ok ? rung : written;
}

/** Sends the pause signal to whoever listens now. Without a listener, a pause is remembered as unheard. */
export function ring({ sequence, want }: Control, job: Job, run: Followed): EffectResult {
  look(run);
  const ranks = ranksHere(run);
  const found = findListeners(job, asLiveRun(run), ranks);
  const signal = pauseSignalOf(job.spec);
  if ("reason" in found) {
    if (want === "pause") run.unheard = sequence;
    // A young run may read the word when it comes to its library.
    return "joining" in found || savesBy(job) === null ? { ok: true } : { ok: false, reason: found.reason };
  }
  run.unheard = null;
  if (found.library) return signalAll(found.targets, signal);
  // To a program without a library the signal itself is the word, and a second one may mean "now!".
  if (want !== "pause")
    return { ok: false, reason: "without a job library it takes every signal for a pause" };
  const mark = ({ pid, startTime }: Target): string => `${sequence} ${pid} ${startTime}`;
  const fresh = found.targets.filter((target) => !run.rung.has(mark(target)));
  for (const target of fresh) run.rung.add(mark(target));
  return fresh.length === 0 ? { ok: true } : signalAll(fresh, signal);
}

/** Replaces the file atomically: a reader sees the old word or the new one. Throws what the disk throws. */
export function writeControl(statusDirectory: string, word: Control): void {
  const path = join(statusDirectory, CONTROL_FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify(word)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Fails when no target can be signalled. */
function signalAll(targets: Target[], signal: NodeJS.Signals): EffectResult {
  const sent = targets.filter((target) => sendSignal(target, signal));
  if (sent.length > 0) return { ok: true };
  return { ok: false, reason: `${signal} reached no process: it is gone, or may not be signalled` };
}

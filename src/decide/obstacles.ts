/**
 * Everything that stands between a job and running, in the order in which people want to hear it.
 * Missing and stale readings stand in the way; they never clear it.
 */

import { runOf, type WaitingFor, type WindowState } from "../model.ts";
import type { SupervisedJob } from "../ports.ts";
import { duration } from "../words/duration.ts";
import { number } from "../words/number.ts";
import { clockTime } from "../words/time.ts";
import { balanceWaits } from "./balance.ts";
import { culprits, fact } from "./evidence.ts";
import { isInLine } from "./line.ts";
import { mayRun } from "./pauses.ts";
import { type Placed, place } from "./place.ts";
import { tightness } from "./room.ts";
import { freshMs } from "./rules.ts";
import { concerns, isExcused, type RuleNow, type Scene } from "./scene.ts";
import { windowsOf } from "./windows.ts";

/** What is the same for all jobs of a tick. */
export interface Common {
  scene: Scene;
  /** What each rule holds against the jobs that it concerns. */
  blocks: { rule: RuleNow; wait: WaitingFor }[];
  owedMiB: number;
}

/** States from which a job can be started or let go on; null where there is nothing to start. */
export function isStartable({ state, cancelling }: SupervisedJob): boolean {
  if (cancelling !== undefined) return false;
  if (state.name === "pausing") return state.request.overdue === "frozen";
  return (
    state.name === "waiting" || state.name === "paused" || state.name === "frozen" || state.name === "standby"
  );
}

/** A manual resume that hasn't led to a start yet: a person waits for it, so balance doesn't count. */
export const isWanted = ({ manual }: SupervisedJob): boolean =>
  manual?.want === "run" && manual.honoured !== true;

export function obstacles(job: SupervisedJob, common: Common): Placed {
  const { scene } = common;
  const { mode } = scene;
  const waits: WaitingFor[] = [];
  if (mode.stopping) waits.push({ code: "shutdown", text: "the supervisor is stopping" });
  manual(job, scene, waits);
  window(job, scene, waits);
  restart(job, scene, waits);
  if (job.state.name === "paused" && job.state.checkpoint?.verified === "quick")
    waits.push({ code: "checkpoint-check", text: "every byte of its checkpoint is being checked" });
  const placed = place(job, scene, (gpu) => blocksOf(job, common, (rule) => rule.state.gpu === gpu));
  const bound = placed.gpus.length > 0 || job.spec.gpus !== undefined || job.spec.gpuIds !== undefined;
  // A GPU rule that has paused a job without a place of its own goes on concerning it.
  const others = (rule: RuleNow): boolean =>
    rule.state.gpu === null || (!bound && job.balance.backoff[rule.key] !== undefined);
  const rest = [...blocksOf(job, common, others), ...tightness(job, scene, common.owedMiB)];
  if (!isWanted(job)) rest.push(...balanceWaits(job, scene));
  if (!mode.journalHealthy)
    rest.push({ code: "journal", text: "the audit log can't be written, so nothing is started" });
  const all = { gpus: placed.gpus, waits: [...waits, ...placed.waits, ...rest] };
  if (placed.line === undefined || !isInLine(all.waits)) return all;
  return { ...all, line: { ...placed.line, waits: [...waits, ...rest, ...placed.line.waits] } };
}

function blocksOf(job: SupervisedJob, { blocks }: Common, which: (rule: RuleNow) => boolean): WaitingFor[] {
  return blocks
    .filter(({ rule }) => which(rule) && concerns(rule, job) && !isExcused(rule, job))
    .map(({ wait }) => wait);
}

/** What each rule holds against starting anything. */
export function ruleBlocks(scene: Scene): Common["blocks"] {
  return scene.rules.flatMap((rule) => {
    const wait = blockOf(rule, scene);
    return wait === null ? [] : [{ rule, wait }];
  });
}

function blockOf(now: RuleNow, { sample, config, now: at }: Scene): WaitingFor | null {
  const { rule, state } = now;
  const gpu = state.gpu === null ? {} : { gpu: state.gpu };
  const base = { rule: rule.name, ...gpu };
  if (state.firm === "pressure") {
    const left =
      state.leaningSinceMs === null
        ? null
        : state.leaningSinceMs + rule.clear.forSeconds * 1000 - at.monotonicMs;
    if (state.unavailable !== null)
      return {
        ...base,
        code: "rule",
        text: `rule '${rule.name}' was in pressure, and ${rule.metric} can't be read now (${state.unavailable})`,
      };
    const until = left === null ? {} : { untilMs: at.wallMs + Math.max(0, left) };
    const clear = rule.clear.below === undefined ? `above ${rule.clear.above}` : `below ${rule.clear.below}`;
    const text = `${fact(now, sample)}; rule '${rule.name}' must be ${clear} for ${duration(rule.clear.forSeconds * 1000)}`;
    return { ...base, ...until, code: "rule", text, processes: culprits(now, sample) };
  }
  if (state.unavailable !== null || state.readAtMs === null) {
    // A machine without such a sensor isn't held back by it, once that is certain.
    const never =
      state.readAtMs === null && at.monotonicMs - state.firmSinceMs >= freshMs(config.pollSeconds);
    if (never) return null;
    return {
      ...base,
      code: "sensor",
      text: `${rule.metric} can't be read (${state.unavailable ?? "not yet"}), so nobody knows whether there is room`,
    };
  }
  if (state.roomy) return null;
  const doubt = state.beyondSinceMs === null ? ", or it can't be told whose use it is" : "";
  return {
    ...base,
    code: "rule",
    text: `${fact(now, sample)} just now${doubt}: rule '${rule.name}'`,
    processes: culprits(now, sample),
  };
}

function manual({ manual: wish }: SupervisedJob, { now }: Scene, waits: WaitingFor[]): void {
  if (wish?.want !== "pause") return;
  // Only the owner can ask, and the owner reads this.
  const until = wish.untilMs === null ? "" : `, until ${clockTime(wish.untilMs, now.wallMs)}`;
  const since = `paused by you at ${clockTime(wish.sinceMs, now.wallMs)}`;
  waits.push({
    code: "manual",
    text: `${since}${until}`,
    ...(wish.untilMs === null ? {} : { untilMs: wish.untilMs }),
  });
}

function window(job: SupervisedJob, { windows, now }: Scene, waits: WaitingFor[]): void {
  if (!mayRun(job, windows, now.wallMs)) {
    waits.push(closedWait(windowsOf(job.name, windows), now.wallMs));
    return;
  }
  // A run that is too short to be worth its loading and saving waits for the next window.
  const bound = windowsOf(job.name, windows).filter(({ open }) => open);
  if (bound.length === 0 || job.manual?.want === "run" || runOf(job) !== null) return;
  const ends = Math.max(...bound.map(({ changesAtMs }) => changesAtMs ?? Number.POSITIVE_INFINITY));
  const least = (job.learned.reloadMs ?? 0) + (job.learned.saveMs ?? 0);
  if (ends - now.wallMs >= least) return;
  const text = `window '${bound[0]?.name}' closes at ${clockTime(ends, now.wallMs)}, too soon to load and save (${duration(least)})`;
  waits.push({ code: "window", text });
}

function closedWait(bound: WindowState[], wallMs: number): WaitingFor {
  const next = bound.reduce<WindowState | null>(
    (first, one) => ((one.changesAtMs ?? Infinity) < (first?.changesAtMs ?? Infinity) ? one : first),
    null,
  );
  if (next === null || next.changesAtMs === null)
    return { code: "window", text: `window '${bound[0]?.name}' is closed and never opens` };
  const text = `window '${next.name}' opens at ${clockTime(next.changesAtMs, wallMs)}`;
  return { code: "window", text, untilMs: next.changesAtMs };
}

function restart(job: SupervisedJob, { now }: Scene, waits: WaitingFor[]): void {
  const { attempts } = job;
  const left = attempts.notBeforeMs - now.monotonicMs;
  if (left <= 0 || isWanted(job)) return;
  const untilMs = now.wallMs + left;
  const text = `${badEnds(job)}: tried again at ${clockTime(untilMs, now.wallMs)}`;
  waits.push({ code: "restart", text, untilMs });
}

function badEnds({ attempts, gpuShortage }: SupervisedJob): string {
  const times = Math.max(attempts.failures, attempts.fruitless);
  if (times === 0 && gpuShortage !== undefined) return "it ran out of GPU memory";
  return `it has failed ${times === 1 ? "once" : `${number(times)} times in a row`}`;
}

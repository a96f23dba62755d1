/** Chooses the one job to start or resume at this tick: the most important that nothing holds back. */

import { actorKind } from "../../model/actor.ts";
import type { Decision } from "../../model/decision.ts";
import { peak, summary } from "../../model/figure.ts";
import { isInference, isWanted, type Job } from "../../model/job.ts";
import { type LearnedSummary, learnedSummary } from "../../model/learned.ts";
import type { Checkpoint } from "../../model/run.ts";
import { pausedByRule } from "../../model/state.ts";
import type { WaitingFor } from "../../model/why.ts";
import { howSure } from "../../words/figure.ts";
import { list } from "../../words/list.ts";
import { number } from "../../words/number.ts";
import { begunText } from "../../words/sentences/begun-with.ts";
import { size } from "../../words/size.ts";
import { clockTime } from "../../words/time.ts";
import { namesCheckpoint } from "../begun-with.ts";
import { gpuMemoryOf } from "../learned.ts";
import { readings } from "../rules/evidence.ts";
import { concerns } from "../rules/rule-now.ts";
import { deviceVariables } from "../sharing/device-variables.ts";
import type { Lines } from "../sharing/line.ts";
import type { TickInput } from "../tick-input.ts";
import { windowsOf } from "../windows/windows.ts";
import { isStartable, obstacles, type StartInput } from "./obstacles.ts";
import { owedMiB } from "./room.ts";
import { ruleBlocks } from "./rule-blocks.ts";

export type Start = Extract<Decision, { verb: "start" | "resume" }>;

/** A resume that never gets going must not hold up the others for ever. */
const LOADING_AT_MOST_MS = 300_000;

export interface Choice {
  start: Start | null;
  /** For each job that could run but doesn't. */
  waits: Record<string, WaitingFor[]>;
  lines: Lines;
}

export function chooseStart(tick: TickInput): Choice {
  const waits: Choice["waits"] = {};
  const lines: Lines = {};
  const ready: { job: Job; gpus: string[] }[] = [];
  const jobs = Object.values(tick.jobs);
  const startable = jobs.filter(isStartable);
  if (startable.length === 0) return { start: null, waits, lines };
  const input: StartInput = { ...tick, blocks: ruleBlocks(tick), owedMiB: owedMiB(jobs, tick.sample) };
  for (const job of startable) {
    const found = obstacles(job, input);
    waits[job.name] = found.waits;
    if (found.line !== undefined) lines[job.name] = found.line;
    if (found.waits.length === 0) ready.push({ job, gpus: found.gpus });
  }
  ready.sort((a, b) => firstInLine(a.job, b.job));
  const [first] = ready;
  if (first === undefined) return { start: null, waits, lines };
  const settling = unsettled(first.job, input);
  if (settling !== null) waits[first.job.name] = [settling];
  for (const { job } of ready.slice(1))
    waits[job.name] = [{ code: "start-order", text: `'${first.job.name}' goes first: one start at a time` }];
  return { start: settling === null ? startOf(first.job, first.gpus, input) : null, waits, lines };
}

function firstInLine(a: Job, b: Job): number {
  return (
    Number(isWanted(b)) - Number(isWanted(a)) ||
    b.spec.priority - a.spec.priority ||
    Number(isInference(b)) - Number(isInference(a)) ||
    a.state.since.wallMs - b.state.since.wallMs ||
    (a.name < b.name ? -1 : 1)
  );
}

/** Between resumes after a rule's pause, waits until the readings show what the last one did to the machine. */
function unsettled(job: Job, { memory, now, config, jobs }: TickInput): WaitingFor | null {
  const { last } = memory;
  if (last === null || !last.polite || last.job === job.name || !pausedByRule(job.state) || isWanted(job))
    return null;
  const passed = now.monotonicMs - last.atMs;
  const other = jobs[last.job];
  // Held back at its launch: nothing was resumed.
  if (other?.unready !== undefined) return null;
  const loads = other !== undefined && "run" in other.state && other.state.run.resuming !== undefined;
  const left = config.balance.settleSeconds * 1000 - passed;
  if (left > 0) {
    const untilMs = now.wallMs + left;
    return { code: "settling", text: `'${last.job}' was resumed just now`, untilMs };
  }
  if (loads && passed < LOADING_AT_MOST_MS)
    return { code: "settling", text: `'${last.job}' is still loading` };
  return null;
}

function startOf(job: Job, gpus: string[], input: TickInput): Start {
  const verb = job.state.name === "waiting" ? "start" : "resume";
  const { actor, reason } = whyNow(job, input);
  const begins = job.state.name === "paused" || job.state.name === "waiting";
  const on = begins && job.checkpoint !== null ? fromText(job, job.checkpoint) : "";
  return {
    verb,
    job: job.name,
    actor,
    reason: `${reason}${on}`,
    evidence: { readings: readings(input.sample), ...needsOf(job) },
    gpus,
    ...((gpus.length > 0 || job.spec.gpus === 0) && { devices: devicesFor(job, gpus, input) }),
  };
}

/** Whether a program without a job library goes on from what it is handed nobody sees: told is what it is. */
function fromText(job: Job, { path, step, verified }: Checkpoint): string {
  if (verified === "size and age only" || job.spec.checkpoint.glob !== undefined) {
    const file = path.split("/").at(-1) ?? path;
    return ` It is started ${begunText({ file, argument: namesCheckpoint(job) })}.`;
  }
  return step === null ? "" : ` It goes on from step ${number(step)}.`;
}

/** What it is expected to take, as learned. */
function needsOf({ learned }: Job): { needs?: LearnedSummary } {
  const { memoryMiB, cpuPercent, gpuPercent, gpuMemoryMiB } = learnedSummary(learned);
  const needs = {
    ...(memoryMiB && { memoryMiB }),
    ...(cpuPercent && { cpuPercent }),
    ...(gpuPercent && { gpuPercent }),
    ...(gpuMemoryMiB && { gpuMemoryMiB }),
  };
  return Object.keys(needs).length === 0 ? {} : { needs };
}

const devicesFor = ({ spec }: Job, gpus: string[], { sample }: TickInput): Record<string, string> =>
  deviceVariables(
    sample.gpus.filter(({ uuid }) => gpus.includes(uuid)),
    spec,
  );

function whyNow(job: Job, input: TickInput): Pick<Start, "actor" | "reason"> {
  const { state } = job;
  const { now, windows } = input;
  // A wish may be older than this supervisor: with its time nobody takes it for one of now.
  if (isWanted(job) && job.manual !== null)
    return {
      actor: "user",
      reason: `It was asked for by hand at ${clockTime(job.manual.sinceMs, now.wallMs)}.`,
    };
  if (state.name === "waiting") {
    if (job.attempts.unread?.run === job.runs)
      return { actor: "supervisor", reason: "Its wait after it couldn't read its checkpoint is over." };
    if (job.attempts.failures > 0)
      return { actor: "supervisor", reason: `Its wait after failure ${job.attempts.failures} is over.` };
    return { actor: "supervisor", reason: "Nothing stands in its way." };
  }
  const cause = state.name === "pausing" ? state.request.cause : "cause" in state ? state.cause : null;
  if (cause === null) return { actor: "supervisor", reason: "There is room again." };
  if (cause.rule !== undefined) {
    const rule = input.rules.find(
      ({ key, ...rest }) => key === cause.rule && concerns({ key, ...rest }, job),
    );
    const since =
      rule === undefined
        ? "is no longer in force"
        : `has been clear since ${clockTime(rule.state.sinceMs, now.wallMs)}`;
    return {
      actor: cause.actor,
      reason: `Rule '${rule?.rule.name ?? cause.rule}' ${since} and there is room${roomFor(job)}.`,
    };
  }
  if (actorKind(cause.actor) === "window") {
    const open = windowsOf(job.name, windows).find((one) => one.open);
    if (open === undefined) return { actor: cause.actor, reason: "No window holds it back any more." };
    return {
      actor: `window:${open.name}`,
      reason: `Window '${open.name}' is open${since(open.sinceMs, now.wallMs)}.`,
    };
  }
  if (cause.actor === "user") return { actor: "user", reason: "The pause by hand is over." };
  if (cause.actor === "shutdown") return { actor: "recovery", reason: "The supervisor is back." };
  return { actor: cause.actor, reason: "There is room again." };
}

/** " for its 5.9 GiB of memory (measured 40 times, ± 50 MiB)" */
function roomFor({ learned }: Job): string {
  const { memoryMiB } = learned;
  const vram = gpuMemoryOf(learned);
  const parts = [
    memoryMiB === undefined
      ? ""
      : `${size(peak(memoryMiB))} of memory (${howSure(summary(memoryMiB), size)})`,
    vram === undefined ? "" : `${size(peak(vram))} of VRAM (${howSure(summary(vram), size)})`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? "" : ` for its ${list(parts)}`;
}

const since = (ms: number | null, wallMs: number): string =>
  ms === null ? "" : ` since ${clockTime(ms, wallMs)}`;

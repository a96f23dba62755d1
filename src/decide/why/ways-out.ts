/**
 * The commands a person can type to get a job where they want it sooner than by itself, with the effect
 * of each. Names only what would help as things stand. Decides nothing.
 */

import { finishedWithAnother, isSeveral, type Job } from "../../model/job.ts";
import { isStuck, runOf } from "../../model/state.ts";
import type { Now } from "../../model/time.ts";
import { isPassing, type WaitingFor, type WayOut } from "../../model/why.ts";
import { whose } from "../../words/sentences/whose.ts";
import { isListed } from "../lifecycle/pause/gpu-memory-freed.ts";
import type { TickInput } from "../tick-input.ts";
import { unsavedMs } from "../worked.ts";
import { endingLoses, freezingKeeps } from "./stakes.ts";

/** What a manual resume overrides, with what that means. */
const LIFTED: Partial<Record<WaitingFor["code"], string>> = {
  manual: "ends the pause by hand",
  window: "runs it outside its window, until that next closes",
  after: "doesn't wait for the other job",
  "not-before": "doesn't wait for its time",
  rule: "runs it despite the rule, until the rule has cleared once",
  "back-off": "doesn't wait for the back-off",
  budget: "doesn't wait for the budget",
  restart: "tries it again now",
  footprint: "goes ahead although it was measured to need more than there is",
  "gpu-shortage": "tries it again now, whoever holds its memory",
  settling: "doesn't wait for the other to settle",
};
const way = (short: string, does: string): WayOut => ({ command: `supervisor ${short}`, short, does });

export function waysOut(job: Job, waitingFor: WaitingFor[], input: TickInput): WayOut[] {
  const { name, state } = job;
  const resume = (does: string): WayOut => way(`resume ${name}`, does);
  switch (state.name) {
    case "running":
    case "serving":
      return leftovers(job);
    case "pausing":
      return [...leftovers(job), ...fromPause(job, input)].slice(0, 2);
    case "failed":
      return [toLog(name), resume(`tries it again${fromLast(job)}`)];
    case "finished":
      if (!finishedWithAnother(job))
        return state.assumed === undefined ? [] : [resume(`runs it on${fromLast(job)}`)];
      return [
        ...(job.checkpoint === null ? [] : [resume(`runs the new one${fromLast(job)}`)]),
        way(`rerun ${name}`, "runs the new one from the beginning"),
      ];
    case "waiting":
    case "paused":
    case "frozen":
    case "standby":
      if (state.name === "frozen" && state.parked?.broken !== undefined)
        return [way(`pause ${name} --terminate`, loses(job, input.now))];
      return [...fromWait(job, waitingFor, input), ...afterFailure(job)];
    default:
      return [];
  }
}

const toLog = (name: string): WayOut => way(`logs ${name}`, "what it wrote last");

const afterFailure = ({ name, state }: Job): WayOut[] =>
  state.name === "waiting" && state.failure !== undefined ? [toLog(name)] : [];

/** What is left of it is all that it waits for. */
function leftovers(job: Job): WayOut[] {
  const left = runOf(job)?.left;
  if (left === undefined || job.cancelling !== undefined) return [];
  return [
    way(`pause ${job.name} --terminate`, "ends what is left of it, and keeps it paused"),
    way(`cancel ${job.name}`, "ends what is left of it, and the job"),
  ];
}

const loses = (job: Job, now: Now): string =>
  endingLoses({ ...job, unsavedMs: unsavedMs(job, now) }, now.wallMs);

const fromLast = ({ checkpoint }: Job): string => (checkpoint === null ? "" : ", from its last checkpoint");

/** Ways out of an overdue pause: nothing is forced unless a person says so. */
function fromPause(job: Job, { now }: TickInput): WayOut[] {
  const { name, state } = job;
  if (state.name !== "pausing" || !isStuck(state.request, now)) return [];
  if (isListed(state.run) && state.request.exitedAt !== undefined)
    return [
      way(`pause ${name} --terminate`, "ends the wait for the driver: it is paused, its memory isn't free"),
    ];
  const end = way(`pause ${name} --terminate`, loses(job, now));
  if (state.request.overdue === "frozen")
    return [way(`resume ${name}`, "thaws it: it goes on to its checkpoint"), end];
  // Frozen ranks fail; after an exit, nothing is left to freeze; what was told to end isn't frozen.
  if (isSeveral(job) || state.request.exitedAt !== undefined || state.request.overdue !== "waiting")
    return [end];
  return [way(`pause ${name} --freeze`, freezingKeeps(job)), end];
}

/** Another user is asked in person, our own user's other supervisor for its job. */
const asked = (by: NonNullable<WaitingFor["by"]>): string => (by.place === undefined ? by.user : whose(by));

function fromWait({ name }: Job, waitingFor: WaitingFor[], { sample }: TickInput): WayOut[] {
  const claimed = waitingFor.find(({ code }) => code === "gpu-claimed");
  const gpu = sample.gpus.find(({ uuid }) => uuid === claimed?.gpu);
  if (waitingFor.some(({ code }) => code === "checkpoint-owner"))
    return [
      way(`resume ${name} --adopt`, "goes on from those checkpoints"),
      way(`rerun ${name}`, "sets them aside and begins at the beginning"),
    ];
  const ways: WayOut[] = [];
  const lasting = waitingFor.filter((one) => !isPassing(one));
  const lifted = lasting.flatMap(({ code }) => LIFTED[code] ?? []);
  // A manual pause ends only by hand, whatever else stands in the way.
  if (lasting[0]?.code === "manual" || (lifted.length > 0 && lifted.length === lasting.length))
    ways.push(way(`resume ${name}`, [...new Set(lifted)].join(", and ")));
  if (claimed?.by !== undefined && gpu !== undefined)
    ways.push(way(`ask ${name} --gpu ${gpu.index} --for 2h`, `asks ${asked(claimed.by)} for a turn`));
  return ways;
}
